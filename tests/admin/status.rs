use serde_json::json;

use super::{account_state, manage};
use crate::support::{
    PASSWORD, SignedIn, TestApp,
    faults::{Fault, FaultySystem},
};

#[tokio::test]
async fn a_disabled_user_cannot_sign_in_until_enabled_again() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;

    let disabled = manage(&admin, "disable", &ada.id).await.expect(200);
    assert_eq!(disabled.json()["user"]["status"], "disabled");
    assert_eq!(disabled.header("etag"), Some("\"2\""));
    let refused = app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    assert_eq!(refused.problem(), "invalid_credentials");
    let refresh = async || {
        let body = json!({"refreshToken": ada.refresh_token});
        app.post("/session/refresh", &body).await
    };
    assert_eq!(refresh().await.expect(401).problem(), "session_ended");
    // The session epoch rises: no session of an earlier epoch can be refreshed.
    let disabled_state = (2, true, vec![]);
    assert_eq!(
        account_state(&app, "ada@example.com", &ada.id).await,
        disabled_state
    );
    let seen = manage(&admin, "get", &ada.id).await.expect(200);
    assert_eq!(seen.json(), disabled.json());
    assert_eq!(seen.header("etag"), disabled.header("etag"));

    // An issued access token works until it expires, but a password is not accepted.
    let me = ada.get("/users/me").await.expect(200).json();
    assert!(me["user"].get("status").is_none());
    let body = json!({"currentPassword": PASSWORD, "newPassword": "difference engine"});
    let changed = ada.put("/users/me/password", &body).await.expect(401);
    assert_eq!(changed.problem(), "invalid_token");
    let deleted = ada
        .delete("/users/me", &json!({"password": PASSWORD}))
        .await;
    deleted.expect(401);

    let enabled = manage(&admin, "enable", &ada.id).await.expect(200);
    assert_eq!(enabled.json()["user"]["status"], "active");
    assert_eq!(enabled.header("etag"), Some("\"3\""));
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    // An ended session stays ended.
    refresh().await.expect(401);
    let enabled_state = (2, false, vec![]);
    assert_eq!(
        account_state(&app, "ada@example.com", &ada.id).await,
        enabled_state
    );
}

#[tokio::test]
async fn disabling_or_enabling_again_changes_nothing() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for (action, version, epoch) in [("enable", 1, 1), ("disable", 2, 2), ("enable", 3, 2)] {
        for _ in 0..3 {
            let response = manage(&admin, action, &ada.id).await.expect(200);
            assert_eq!(response.header("etag"), Some(&*format!("\"{version}\"")));
        }
        assert_eq!(
            account_state(&app, "ada@example.com", &ada.id).await.0,
            epoch
        );
    }
}

#[tokio::test]
async fn admin_changes_are_logged_with_both_user_ids() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for action in [
        "disable",
        "disable",
        "enable",
        "grant admin",
        "revoke admin",
        "delete",
    ] {
        manage(&admin, action, &ada.id).await;
    }
    manage(&admin, "disable", &admin.id).await.expect(409);
    let log = app.complete_log().await;
    let events: Vec<_> = log
        .lines()
        .filter(|line| line.contains("admin_changed_user"))
        .collect();
    let changes = [
        "disabled",
        "active",
        "roles: [admin]",
        "roles: []",
        "deleted",
    ];
    assert_eq!(events.len(), changes.len(), "{events:#?}");
    for (event, change) in events.into_iter().zip(changes) {
        assert!(event.contains(&format!("\"what\":\"{change}\"")), "{event}");
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
async fn an_admin_change_with_a_lost_reply_or_a_conflict_is_applied_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let none = "None";
    for (action, fault, expected) in [
        ("disable", Fault::LostReply, (2, true, 0)),
        ("enable", Fault::Disconnect, (2, false, 0)),
        (
            "grant admin",
            // Another transaction changes the admin's item at the same time.
            Fault::cancelled(&[none, none, "TransactionConflict"]),
            (2, false, 1),
        ),
    ] {
        system.dynamodb.fail_next("TransactWriteItems", 2, fault);
        manage(&admin, action, &ada.id).await.expect(200);
        let (epoch, disabled, roles) = account_state(app, "ada@example.com", &ada.id).await;
        assert_eq!((epoch, disabled, roles.len()), expected, "{action}");
    }
    system
        .dynamodb
        .fail_next("TransactWriteItems", 2, Fault::LostReply);
    manage(&admin, "delete", &ada.id).await.expect(204);
    SignedIn::new(app, {
        app.sign_up("ada@example.com", PASSWORD).await.expect(201);
        app.sign_in("ada@example.com", PASSWORD).await
    });
}
