use serde_json::json;

use super::{ask, standing};
use crate::support::{
    PASSWORD, SignedIn, TestApp,
    faults::{Fault, FaultySystem},
};

#[tokio::test]
async fn who_is_disabled_is_out_and_back_in_when_enabled() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;

    let disabled = ask(&admin, "disable", &ada.id).await.expect(200);
    assert_eq!(disabled.json()["user"]["status"], "disabled");
    assert_eq!(disabled.header("etag"), Some("\"2\""));
    let refused = app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    assert_eq!(refused.problem(), "invalid_credentials");
    let refresh = async || {
        let body = json!({"refreshToken": ada.refresh_token});
        app.post("/session/refresh", &body).await
    };
    assert_eq!(refresh().await.expect(401).problem(), "session_ended");
    // The epoch moved: no session of an earlier one is refreshed.
    let shut = (2, true, vec![]);
    assert_eq!(standing(&app, "ada@example.com", &ada.id).await, shut);
    let seen = ask(&admin, "see", &ada.id).await.expect(200);
    assert_eq!(seen.json(), disabled.json());
    assert_eq!(seen.header("etag"), disabled.header("etag"));

    // An access token that is out lives out its minutes, but proves no password.
    let me = ada.get("/users/me").await.expect(200).json();
    assert!(me["user"].get("status").is_none());
    let body = json!({"currentPassword": PASSWORD, "newPassword": "difference engine"});
    let changed = ada.put("/users/me/password", &body).await.expect(401);
    assert_eq!(changed.problem(), "invalid_token");
    let deleted = ada
        .delete("/users/me", &json!({"password": PASSWORD}))
        .await;
    deleted.expect(401);

    let enabled = ask(&admin, "enable", &ada.id).await.expect(200);
    assert_eq!(enabled.json()["user"]["status"], "active");
    assert_eq!(enabled.header("etag"), Some("\"3\""));
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    // What has ended does not begin again.
    refresh().await.expect(401);
    let open = (2, false, vec![]);
    assert_eq!(standing(&app, "ada@example.com", &ada.id).await, open);
}

#[tokio::test]
async fn what_is_so_already_changes_nothing() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for (what, version, epoch) in [("enable", 1, 1), ("disable", 2, 2), ("enable", 3, 2)] {
        for _ in 0..3 {
            let answer = ask(&admin, what, &ada.id).await.expect(200);
            assert_eq!(answer.header("etag"), Some(&*format!("\"{version}\"")));
        }
        assert_eq!(standing(&app, "ada@example.com", &ada.id).await.0, epoch);
    }
}

#[tokio::test]
async fn the_log_says_who_did_what_to_whom_by_their_ids() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for what in ["disable", "disable", "enable", "admin", "nobody", "delete"] {
        ask(&admin, what, &ada.id).await;
    }
    ask(&admin, "disable", &admin.id).await.expect(409);
    let log = app.complete_log().await;
    let events: Vec<_> = log
        .lines()
        .filter(|line| line.contains("admin_changed_user"))
        .collect();
    let whats = [
        "disabled",
        "active",
        "roles: [admin]",
        "roles: []",
        "deleted",
    ];
    assert_eq!(events.len(), whats.len(), "{events:#?}");
    for (event, what) in events.into_iter().zip(whats) {
        assert!(event.contains(&format!("\"what\":\"{what}\"")), "{event}");
        assert!(
            event.contains(&format!("\"admin\":\"{}\"", admin.id)),
            "{event}"
        );
        assert!(
            event.contains(&format!("\"user\":\"{}\"", ada.id)),
            "{event}"
        );
        assert!(event.contains("WARN"), "{event}");
        assert!(!event.contains('@'), "{event}");
    }
}

#[tokio::test]
async fn a_change_whose_reply_is_lost_or_that_meets_a_conflict_happens_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let none = "None";
    for (what, fault, expected) in [
        ("disable", Fault::LostReply, (2, true, 0)),
        ("enable", Fault::Disconnect, (2, false, 0)),
        (
            "admin",
            // Somebody changes the administrator at the same moment.
            Fault::cancelled(&[none, none, "TransactionConflict"]),
            (2, false, 1),
        ),
    ] {
        system.dynamodb.fail_next("TransactWriteItems", 2, fault);
        ask(&admin, what, &ada.id).await.expect(200);
        let (epoch, disabled, roles) = standing(app, "ada@example.com", &ada.id).await;
        assert_eq!((epoch, disabled, roles.len()), expected, "{what}");
    }
    system
        .dynamodb
        .fail_next("TransactWriteItems", 2, Fault::LostReply);
    ask(&admin, "delete", &ada.id).await.expect(204);
    SignedIn::new(app, {
        app.sign_up("ada@example.com", PASSWORD).await.expect(201);
        app.sign_in("ada@example.com", PASSWORD).await
    });
}
