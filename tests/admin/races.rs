use serde_json::{Value, json};

use super::{account_state, manage, user_item};
use crate::support::rounds;
use crate::support::{PASSWORD, SignedIn, TestApp, session_key};

/// Two admins demote, disable or delete each other. Each write has the condition that the caller still is an admin, so the
/// second write fails.
#[tokio::test]
async fn of_two_admins_who_remove_each_other_exactly_one_succeeds() {
    let app = TestApp::start();
    let actions = ["revoke admin", "disable", "delete"];
    let pairs = actions
        .iter()
        .flat_map(|one| actions.map(|other| (*one, other)));
    for (round, (one, other)) in pairs.enumerate() {
        let emails = [
            format!("a{round}@example.com"),
            format!("b{round}@example.com"),
        ];
        let (a, b) = (app.admin(&emails[0]).await, app.admin(&emails[1]).await);
        let (first, second) = tokio::join!(manage(&a, one, &b.id), manage(&b, other, &a.id));
        let won = [first, second].map(|response| match response.status {
            200 | 204 => true,
            403 => false,
            status => panic!("{one}, {other}: {status}"),
        });
        assert!(won[0] != won[1], "{one}, {other}");
        let winner = usize::from(won[1]);
        let id = [&a.id, &b.id][winner];
        let unchanged = (1, false, vec!["admin".to_owned()]);
        assert_eq!(account_state(&app, &emails[winner], id).await, unchanged);
    }
}

#[tokio::test]
async fn a_session_started_while_its_account_is_disabled_is_invalid() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for round in 0..rounds(2, 5) {
        let email = format!("{round}@example.com");
        let ada = app.new_user(&email).await;
        let sign_in = async || {
            let mut sessions = Vec::new();
            for _ in 0..3 {
                let response = app.sign_in(&email, PASSWORD).await;
                if response.status != 401 {
                    sessions.push(SignedIn::new(&app, response).session_id());
                }
            }
            sessions
        };
        let (disabled, one, other) =
            tokio::join!(manage(&admin, "disable", &ada.id), sign_in(), sign_in());
        disabled.expect(200);
        app.sign_in(&email, PASSWORD).await.expect(401);
        let (epoch, _, _) = account_state(&app, &email, &ada.id).await;
        assert_eq!(epoch, 2);
        for id in one.into_iter().chain(other).chain([ada.session_id()]) {
            let session = super::item(&app, "Sessions", session_key(&id)).await;
            assert_eq!(session["epoch"]["N"], "1");
        }
    }
}

/// A password change moves its own session to the next epoch, but not to the epoch that disabling the account starts.
#[tokio::test]
async fn a_password_change_does_not_keep_a_session_of_a_disabled_account() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for round in 0..rounds(3, 10) {
        let email = format!("{round}@example.com");
        let ada = app.new_user(&email).await;
        let body = json!({"currentPassword": PASSWORD, "newPassword": "difference engine"});
        let (disabled, changed) = tokio::join!(
            manage(&admin, "disable", &ada.id),
            ada.put("/users/me/password", &body)
        );
        disabled.expect(200);
        assert!([204, 401].contains(&changed.status), "{}", changed.status);
        let (epoch, disabled, _) = account_state(&app, &email, &ada.id).await;
        assert!(disabled);
        let key = session_key(&ada.session_id());
        let session = super::item(&app, "Sessions", key).await;
        let of_session: u64 = session["epoch"]["N"].as_str().unwrap().parse().unwrap();
        assert!(of_session < epoch, "{of_session} {epoch}");
    }
}

#[tokio::test]
async fn simultaneous_admin_changes_keep_both_items_consistent() {
    let app = TestApp::start();
    let admins = [
        app.admin("one@example.com").await,
        app.admin("two@example.com").await,
    ];
    let ada = app.new_user("ada@example.com").await;
    let [one, two] = &admins;
    for _ in 0..5 {
        let responses = tokio::join!(
            manage(one, "disable", &ada.id),
            manage(two, "enable", &ada.id),
            manage(one, "grant admin", &ada.id),
            manage(two, "revoke admin", &ada.id),
            manage(two, "disable", &ada.id),
        );
        for response in [
            responses.0,
            responses.1,
            responses.2,
            responses.3,
            responses.4,
        ] {
            response.expect(200);
        }
        account_state(&app, "ada@example.com", &ada.id).await;
    }
    let Value::Object(item) = user_item(&app, &ada.id).await else {
        panic!("the user item is missing");
    };
    assert_eq!(item["name"]["S"], "Ada");
}
