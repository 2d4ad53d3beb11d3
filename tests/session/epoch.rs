use reqwest::Method;
use serde_json::json;

use super::{assert_has_ended, next_token, refresh, sign_out, sign_out_everywhere};
use crate::support::rounds;
use crate::support::{PASSWORD, Response, SignedIn, TestApp};

const NEW_PASSWORD: &str = "difference engine";

async fn change_password(ada: &SignedIn<'_>) {
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    ada.put("/users/me/password", &body).await.expect(204);
}

/// Returns the session epoch of the only account, after checking that the two tables agree.
async fn epoch(app: &TestApp) -> u64 {
    let mut found = Vec::new();
    for table in ["Credentials", "Users"] {
        let body =
            json!({"TableName": format!("cloakroom-dev-{table}Table"), "ConsistentRead": true});
        let target = "DynamoDB_20120810.Scan";
        let response = app.call_engine("dynamodb", "local", target, &body).await;
        let item = response.expect(200).json()["Items"][0].clone();
        let epoch = item["session_epoch"]["N"].as_str().unwrap();
        found.push(epoch.parse().unwrap());
    }
    assert_eq!(found[0], found[1]);
    found[0]
}

#[tokio::test]
async fn a_password_change_ends_the_other_sessions_and_keeps_the_callers() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let there = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let second = next_token(refresh(&app, &ada.refresh_token).await);
    let elsewhere = next_token(refresh(&app, &there.refresh_token).await);
    change_password(&ada).await;
    assert_has_ended(&refresh(&app, &elsewhere).await, "elsewhere");
    // A retry of the earlier refresh also succeeds.
    assert_eq!(next_token(refresh(&app, &ada.refresh_token).await), second);
    let third = next_token(refresh(&app, &second).await);
    next_token(refresh(&app, &third).await);
}

/// The access token of an ended session is valid until it expires, and can change the password.
#[tokio::test]
async fn a_password_change_does_not_revive_an_ended_session() {
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
async fn deleting_an_account_ends_its_sessions() {
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
    // A new account with the same e-mail is independent.
    let next_owner = app.new_user("ada@example.com").await;
    assert_has_ended(&refresh(&app, &there.refresh_token).await, "deleted");
    next_token(refresh(&app, &next_owner.refresh_token).await);
}

/// Changes the password, signs out everywhere and signs in with the old password, concurrently. In any order, each change
/// raises the epoch, and no session that started with the old password survives.
#[tokio::test]
async fn concurrent_changes_each_raise_the_session_epoch() {
    let app = TestApp::start();
    for round in 0..rounds(3, 8) {
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
        for response in sign_ins {
            let response = response.await.unwrap();
            if response.status == 200 {
                let session = SignedIn::new(&app, response);
                assert_has_ended(
                    &refresh(&app, &session.refresh_token).await,
                    "started with the old password",
                );
            }
        }
        let proof = json!({"password": NEW_PASSWORD});
        ada.delete("/users/me", &proof).await.expect(204);
    }
}

/// Refreshes the session whose request changes the password while that request runs.
#[tokio::test]
async fn a_session_can_be_refreshed_during_its_password_change() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let mut token = ada.refresh_token.clone();
    for round in 0..rounds(3, 8) {
        let (old, new) = if round % 2 == 0 {
            (PASSWORD, NEW_PASSWORD)
        } else {
            (NEW_PASSWORD, PASSWORD)
        };
        let body = json!({"currentPassword": old, "newPassword": new});
        let change = ada.request(Method::PUT, "/users/me/password").json(&body);
        let change = tokio::spawn(Response::to(change));
        while !change.is_finished() {
            token = next_token(refresh(&app, &token).await);
        }
        change.await.unwrap().expect(204);
        token = next_token(refresh(&app, &token).await);
    }
}

#[tokio::test]
async fn sessions_of_a_disabled_account_stay_ended_after_it_is_enabled() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let second = next_token(refresh(&app, &ada.refresh_token).await);
    for action in ["disable", "enable"] {
        let path = format!("/admin/users/{}/{action}", ada.id);
        let response = Response::to(admin.request(Method::POST, &path)).await;
        response.expect(200);
        assert_has_ended(&refresh(&app, &second).await, action);
    }
    let later = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    next_token(refresh(&app, &later.refresh_token).await);
}
