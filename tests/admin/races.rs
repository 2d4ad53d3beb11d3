use serde_json::{Value, json};

use super::{ask, standing, user};
use crate::support::{PASSWORD, SignedIn, TestApp};

/// Each takes the other's power, in every way there is. The condition that who changes something still is an
/// administrator is part of the change, so the second finds it broken.
#[tokio::test]
async fn of_two_administrators_against_each_other_one_remains() {
    let app = TestApp::start();
    let ways = ["nobody", "disable", "delete"];
    let pairs = ways.iter().flat_map(|one| ways.map(|other| (*one, other)));
    for (round, (one, other)) in pairs.enumerate() {
        let emails = [
            format!("a{round}@example.com"),
            format!("b{round}@example.com"),
        ];
        let (a, b) = (app.admin(&emails[0]).await, app.admin(&emails[1]).await);
        let (first, second) = tokio::join!(ask(&a, one, &b.id), ask(&b, other, &a.id));
        let won = [first, second].map(|answer| match answer.status {
            200 | 204 => true,
            403 => false,
            status => panic!("{one}, {other}: {status}"),
        });
        assert!(won[0] != won[1], "{one}, {other}");
        let winner = usize::from(won[1]);
        let id = [&a.id, &b.id][winner];
        let powerful = (1, false, vec!["admin".to_owned()]);
        assert_eq!(standing(&app, &emails[winner], id).await, powerful);
    }
}

#[tokio::test]
async fn no_session_begun_while_an_account_is_shut_outlives_that() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for round in 0..5 {
        let email = format!("{round}@example.com");
        let ada = app.new_user(&email).await;
        let sign_in = async || {
            let mut sessions = Vec::new();
            for _ in 0..3 {
                let answer = app.sign_in(&email, PASSWORD).await;
                if answer.status != 401 {
                    sessions.push(SignedIn::new(&app, answer).session_id());
                }
            }
            sessions
        };
        let (disabled, one, other) =
            tokio::join!(ask(&admin, "disable", &ada.id), sign_in(), sign_in());
        disabled.expect(200);
        app.sign_in(&email, PASSWORD).await.expect(401);
        let (epoch, _, _) = standing(&app, &email, &ada.id).await;
        assert_eq!(epoch, 2);
        for id in one.into_iter().chain(other).chain([ada.session_id()]) {
            let session = super::item(&app, "Sessions", json!({"id": {"S": id}})).await;
            assert_eq!(session["epoch"]["N"], "1");
        }
    }
}

/// A new password takes its own session along into the next epoch; not into one that begins because the account is shut.
#[tokio::test]
async fn no_new_password_saves_a_session_of_an_account_that_is_shut() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for round in 0..10 {
        let email = format!("{round}@example.com");
        let ada = app.new_user(&email).await;
        let body = json!({"currentPassword": PASSWORD, "newPassword": "difference engine"});
        let (disabled, changed) = tokio::join!(
            ask(&admin, "disable", &ada.id),
            ada.put("/users/me/password", &body)
        );
        disabled.expect(200);
        assert!([204, 401].contains(&changed.status), "{}", changed.status);
        let (epoch, disabled, _) = standing(&app, &email, &ada.id).await;
        assert!(disabled);
        let key = json!({"id": {"S": ada.session_id()}});
        let session = super::item(&app, "Sessions", key).await;
        let of_session: u64 = session["epoch"]["N"].as_str().unwrap().parse().unwrap();
        assert!(of_session < epoch, "{of_session} {epoch}");
    }
}

#[tokio::test]
async fn of_many_changes_at_once_both_items_say_the_same() {
    let app = TestApp::start();
    let admins = [
        app.admin("one@example.com").await,
        app.admin("two@example.com").await,
    ];
    let ada = app.new_user("ada@example.com").await;
    let [one, two] = &admins;
    for _ in 0..5 {
        let answers = tokio::join!(
            ask(one, "disable", &ada.id),
            ask(two, "enable", &ada.id),
            ask(one, "admin", &ada.id),
            ask(two, "nobody", &ada.id),
            ask(two, "disable", &ada.id),
        );
        for answer in [answers.0, answers.1, answers.2, answers.3, answers.4] {
            answer.expect(200);
        }
        standing(&app, "ada@example.com", &ada.id).await;
    }
    let Value::Object(item) = user(&app, &ada.id).await else {
        panic!("it is gone");
    };
    assert_eq!(item["name"]["S"], "Ada");
}
