use reqwest::Method;
use serde_json::json;

use super::{assert_has_ended, next, refresh, sign_out, sign_out_everywhere};
use crate::support::{PASSWORD, Response, SignedIn, TestApp};

const NEW_PASSWORD: &str = "difference engine";

async fn change_password(ada: &SignedIn<'_>) {
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    ada.put("/users/me/password", &body).await.expect(204);
}

/// The account's session epoch, once the two tables are seen to agree.
async fn epoch(app: &TestApp) -> u64 {
    let mut found = Vec::new();
    for table in ["Credentials", "Users"] {
        let body =
            json!({"TableName": format!("cloakroom-dev-{table}Table"), "ConsistentRead": true});
        let target = "DynamoDB_20120810.Scan";
        let answer = app.call_engine("dynamodb", "local", target, &body).await;
        let item = answer.expect(200).json()["Items"][0].clone();
        let epoch = item["session_epoch"]["N"].as_str().unwrap();
        found.push(epoch.parse().unwrap());
    }
    assert_eq!(found[0], found[1]);
    found[0]
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_not_ones_own() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let there = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let second = next(refresh(&app, &ada.refresh_token).await);
    let elsewhere = next(refresh(&app, &there.refresh_token).await);
    change_password(&ada).await;
    assert_has_ended(&refresh(&app, &elsewhere).await, "elsewhere");
    // A retry of the refresh before goes on, too.
    assert_eq!(next(refresh(&app, &ada.refresh_token).await), second);
    let third = next(refresh(&app, &second).await);
    next(refresh(&app, &third).await);
}

/// The access token of a session outlives it by some minutes; whoever knows the password may use it to set a new one.
#[tokio::test]
async fn a_new_password_brings_no_session_back_to_life() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    sign_out_everywhere(&ada).await.expect(204);
    change_password(&ada).await;
    assert_has_ended(
        &refresh(&app, &ada.refresh_token).await,
        "signed out everywhere",
    );

    let grace = app.new_user("grace@example.com").await;
    sign_out(&app, &grace.refresh_token).await.expect(204);
    change_password(&grace).await;
    assert_has_ended(&refresh(&app, &grace.refresh_token).await, "signed out");
}

#[tokio::test]
async fn a_deleted_accounts_sessions_have_ended() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let there = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let proof = json!({"password": PASSWORD});
    ada.delete("/users/me", &proof).await.expect(204);
    for token in [&ada.refresh_token, &there.refresh_token] {
        assert_has_ended(&refresh(&app, token).await, "deleted");
        sign_out(&app, token).await.expect(204);
    }
    sign_out_everywhere(&ada).await.expect(204);
    // Whoever has the address next has nothing to do with them.
    let next_owner = app.new_user("ada@example.com").await;
    assert_has_ended(&refresh(&app, &there.refresh_token).await, "deleted");
    next(refresh(&app, &next_owner.refresh_token).await);
}

/// All at once: a new password, the end of all sessions, and sign-ins with the old password. Whatever the order, both
/// count, and no session that the old password began lives on, but the one that the change was made in.
#[tokio::test]
async fn epochs_only_rise_whoever_is_quicker() {
    let app = TestApp::start();
    for round in 0..8 {
        let ada = app.new_user("ada@example.com").await;
        let before = epoch(&app).await;
        let sign_in = || {
            let body = json!({"email": "ada@example.com", "password": PASSWORD});
            tokio::spawn(Response::to(
                app.request(Method::POST, "/signin").json(&body),
            ))
        };
        let body = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
        let change = ada.request(Method::PUT, "/users/me/password").json(&body);
        let end = || {
            tokio::spawn(Response::to(
                ada.request(Method::POST, "/signout?everywhere=true"),
            ))
        };
        let mut sign_ins: Vec<_> = (0..2).map(|_| sign_in()).collect();
        let change = tokio::spawn(Response::to(change));
        let ends = [end(), end()];
        sign_ins.extend((0..2).map(|_| sign_in()));
        change.await.unwrap().expect(204);
        for end in ends {
            end.await.unwrap().expect(204);
        }
        assert_eq!(epoch(&app).await, before + 3, "round {round}");
        for answer in sign_ins {
            let answer = answer.await.unwrap();
            if answer.status == 200 {
                let begun = SignedIn::new(&app, answer);
                assert_has_ended(
                    &refresh(&app, &begun.refresh_token).await,
                    "the old password's",
                );
            }
        }
        let proof = json!({"password": NEW_PASSWORD});
        ada.delete("/users/me", &proof).await.expect(204);
    }
}

/// While the password changes, the session that it is changed in is refreshed.
#[tokio::test]
async fn a_session_is_refreshed_while_it_is_taken_along() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let mut token = ada.refresh_token.clone();
    for round in 0..8 {
        let (old, new) = if round % 2 == 0 {
            (PASSWORD, NEW_PASSWORD)
        } else {
            (NEW_PASSWORD, PASSWORD)
        };
        let body = json!({"currentPassword": old, "newPassword": new});
        let change = ada.request(Method::PUT, "/users/me/password").json(&body);
        let change = tokio::spawn(Response::to(change));
        while !change.is_finished() {
            token = next(refresh(&app, &token).await);
        }
        change.await.unwrap().expect(204);
        token = next(refresh(&app, &token).await);
    }
}

#[tokio::test]
async fn a_disabled_accounts_sessions_have_ended_and_stay_so() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let second = next(refresh(&app, &ada.refresh_token).await);
    for what in ["disable", "enable"] {
        let path = format!("/admin/users/{}/{what}", ada.id);
        let answer = Response::to(admin.request(Method::POST, &path)).await;
        answer.expect(200);
        assert_has_ended(&refresh(&app, &second).await, what);
    }
    let later = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    next(refresh(&app, &later.refresh_token).await);
}
