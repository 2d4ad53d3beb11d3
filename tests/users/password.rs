//! Guesses of somebody who has a token: a stolen one must not be a way around what sign-in does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Response, TestApp,
    lockout::{FAR_FUTURE, FAR_PAST},
    within_a_minute,
};

const ADA: &str = "ada@example.com";
const PATH: &str = "/users/me/password";

fn change(current: &str) -> Value {
    json!({"currentPassword": current, "newPassword": "difference engine"})
}

#[tokio::test]
async fn wrong_passwords_are_counted_wherever_they_are_tried() {
    let app = TestApp::start();
    let ada = app.new_user(ADA).await;
    for i in 0..2 {
        ada.put(PATH, &change("wrong")).await.expect(401);
        let wrong = json!({"password": format!("guess {i}")});
        ada.delete("/users/me", &wrong).await.expect(401);
    }
    app.sign_in(ADA, "not the password").await.expect(401);
    assert_eq!(app.lockout(ADA).await.0, 5);

    app.set_locked_until(ADA, FAR_FUTURE).await;
    for answer in [
        ada.put(PATH, &change(PASSWORD)).await,
        ada.delete("/users/me", &json!({"password": PASSWORD}))
            .await,
        app.sign_in(ADA, PASSWORD).await,
    ] {
        assert_eq!(answer.expect(401).problem(), "invalid_credentials");
    }
    app.set_locked_until(ADA, FAR_PAST).await;
    ada.put(PATH, &change("wrong")).await.expect(401);
    assert_eq!(app.lockout(ADA).await.0, 6);
    app.set_locked_until(ADA, FAR_PAST).await;
    ada.delete("/users/me", &json!({"password": PASSWORD}))
        .await
        .expect(204);
}

#[tokio::test]
async fn a_new_password_makes_guesses_at_the_old_one_forgotten() {
    let app = TestApp::start();
    let ada = app.new_user(ADA).await;
    app.set_lockout(ADA, 15, FAR_PAST).await;
    ada.put(PATH, &change(PASSWORD)).await.expect(204);
    assert_eq!(app.lockout(ADA).await, (0, None));
    app.sign_in(ADA, "difference engine").await.expect(200);
}

#[tokio::test]
async fn of_many_guesses_at_once_after_a_wait_one_is_made() {
    let app = TestApp::start();
    let ada = app.new_user(ADA).await;
    app.set_lockout(ADA, 15, FAR_PAST).await;
    let guesses = (0..50).map(|i| {
        let request = ada.request(Method::PUT, PATH);
        tokio::spawn(Response::to(request.json(&change(&format!("guess {i}")))))
    });
    for answer in guesses.collect::<Vec<_>>() {
        answer.await.unwrap().expect(401);
    }
    assert_eq!(app.lockout(ADA).await.0, 16);
}

/// Before it is looked at: without a token, too.
#[tokio::test]
async fn what_asks_for_a_password_is_limited_by_address() {
    let app = TestApp::start_with(&["RequestsPerAddress=3"]);
    let ada = app.new_user(ADA).await;
    let answers = within_a_minute(async |address| {
        let request = |method, path| app.request_from(address, method, path);
        let delete = || request(Method::DELETE, "/users/me").json(&json!({"password": "wrong"}));
        let mut answers = Vec::new();
        for request in [
            request(Method::PUT, PATH),
            delete().bearer_auth(&ada.token),
            request(Method::PUT, PATH)
                .bearer_auth(&ada.token)
                .json(&json!({})),
            delete().bearer_auth(&ada.token),
            request(Method::PUT, PATH)
                .bearer_auth(&ada.token)
                .json(&change(PASSWORD)),
        ] {
            answers.push(Response::to(request).await);
        }
        answers
    })
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [401, 401, 422, 429, 429]);
    for answer in &answers {
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some("\"password\";q=3;w=60")
        );
    }
    assert_eq!(answers[0].problem(), "unauthorized");
    assert_eq!(answers[4].problem(), "rate_limited");
    assert_eq!(
        ada.get("/users/me").await.expect(200).header("ratelimit"),
        None
    );
}
