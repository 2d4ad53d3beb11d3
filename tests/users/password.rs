//! Password guesses with an access token: a stolen token must not bypass the lockout of sign-in.

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
async fn wrong_passwords_are_counted_across_all_routes() {
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
    for response in [
        ada.put(PATH, &change(PASSWORD)).await,
        ada.delete("/users/me", &json!({"password": PASSWORD}))
            .await,
        app.sign_in(ADA, PASSWORD).await,
    ] {
        assert_eq!(response.expect(401).problem(), "invalid_credentials");
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
async fn a_password_change_resets_the_failure_count() {
    let app = TestApp::start();
    let ada = app.new_user(ADA).await;
    app.set_lockout(ADA, 15, FAR_PAST).await;
    ada.put(PATH, &change(PASSWORD)).await.expect(204);
    assert_eq!(app.lockout(ADA).await, (0, None));
    app.sign_in(ADA, "difference engine").await.expect(200);
}

#[tokio::test]
async fn of_many_simultaneous_password_changes_after_a_lockout_one_is_compared() {
    let app = TestApp::start();
    let ada = app.new_user(ADA).await;
    app.set_lockout(ADA, 15, FAR_PAST).await;
    let guesses = (0..50).map(|i| {
        let request = ada.request(Method::PUT, PATH);
        tokio::spawn(Response::to(request.json(&change(&format!("guess {i}")))))
    });
    for response in guesses.collect::<Vec<_>>() {
        response.await.unwrap().expect(401);
    }
    assert_eq!(app.lockout(ADA).await.0, 16);
}

/// Requests count before they are checked, also without a token.
#[tokio::test]
async fn password_routes_are_rate_limited_by_address() {
    let app = TestApp::start_with(&["RequestsPerAddress=3"]);
    let ada = app.new_user(ADA).await;
    let responses = within_a_minute(async |address| {
        let request = |method, path| app.request_from(address, method, path);
        let delete = || request(Method::DELETE, "/users/me").json(&json!({"password": "wrong"}));
        let mut responses = Vec::new();
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
            responses.push(Response::to(request).await);
        }
        responses
    })
    .await;
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [401, 401, 422, 429, 429]);
    for response in &responses {
        assert_eq!(
            response.header("ratelimit-policy"),
            Some("\"password\";q=3;w=60")
        );
    }
    assert_eq!(responses[0].problem(), "unauthorized");
    assert_eq!(responses[4].problem(), "rate_limited");
    assert_eq!(
        ada.get("/users/me").await.expect(200).header("ratelimit"),
        None
    );
}
