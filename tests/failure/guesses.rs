//! The lockout and the rate limits while their tables fail.

use reqwest::Method;
use serde_json::{Value, json};

use super::{accounts, assert_all_unavailable, assert_unavailable};
use crate::support::{
    PASSWORD, Response,
    faults::{Fault, FaultySystem},
    lockout::FAR_PAST,
};

const ADA: &str = "ada@example.com";

/// Applies a fault to the next `times` updates of a table.
fn fail_updates(system: &FaultySystem, table: &'static str, mut times: usize, fault: Fault) {
    system.dynamodb.plan(move |operation, body: &Value| {
        let name = format!("cloakroom-dev-{table}Table");
        if operation != "UpdateItem" || body["TableName"] != name || times == 0 {
            return Fault::None;
        }
        times -= 1;
        fault.clone()
    });
}

#[tokio::test]
async fn a_failed_sign_in_whose_reply_is_lost_is_counted_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for (failures, losses) in (1..).zip([1, 2, 3, 1]) {
        fail_updates(&system, "Credentials", losses, Fault::LostReply);
        app.sign_in(ADA, "not the password").await.expect(401);
        assert_eq!(app.lockout(ADA).await, (failures, None));
    }
    fail_updates(&system, "Credentials", 2, Fault::LostReply);
    app.sign_in(ADA, "not the password").await.expect(401);
    let (failures, until) = app.lockout(ADA).await;
    assert!(failures == 5 && until.is_some());
}

/// Otherwise the owner would get a 401 for the correct password, and another lockout.
#[tokio::test]
async fn a_sign_in_succeeds_although_the_reply_to_its_attempt_claim_is_lost() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for losses in 1..4 {
        app.set_lockout(ADA, 9, FAR_PAST).await;
        fail_updates(&system, "Credentials", losses, Fault::LostReply);
        app.sign_in(ADA, PASSWORD).await.expect(200);
        assert_eq!(app.lockout(ADA).await, (0, None));
    }
}

/// The same for an unknown e-mail, so that the failure does not reveal accounts.
#[tokio::test]
async fn a_failed_sign_in_that_cannot_be_counted_is_a_503() {
    let system = FaultySystem::start(4, &[]).await;
    let app = &system.app;
    app.sign_up(ADA, PASSWORD).await.expect(201);
    fail_updates(
        &system,
        "Credentials",
        usize::MAX,
        Fault::error(500, "InternalServerError"),
    );
    for email in [ADA, "unknown@example.com"] {
        let response = app.sign_in(email, "not the password").await;
        assert_unavailable(&response, email);
    }
    app.sign_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn without_the_limits_table_only_rate_limited_routes_are_unavailable() {
    let system = FaultySystem::start(4, &[]).await;
    let ada = system.app.new_user(ADA).await;
    let before = accounts(&system.app).await;
    fail_updates(
        &system,
        "Limits",
        usize::MAX,
        Fault::error(500, "InternalServerError"),
    );
    let limited = ["sign up", "sign in", "change password", "delete"];
    assert_all_unavailable(&system.app, &ada, &limited, 4).await;
    assert_eq!(accounts(&system.app).await, before);
    ada.get("/users/me").await.expect(200);
    system.dynamodb.always(&Fault::None);
    system.app.sign_in(ADA, PASSWORD).await.expect(200);
}

/// Documented behavior: counting exactly would cost each request another call.
#[tokio::test]
async fn a_request_whose_rate_limit_reply_is_lost_is_served_and_counted_twice() {
    let system = FaultySystem::start(10, &["RequestsPerAddress=100"]).await;
    let app = &system.app;
    fail_updates(&system, "Limits", 1, Fault::LostReply);
    let body = json!({"email": ADA, "password": PASSWORD});
    let response = Response::to(app.request(Method::POST, "/signin").json(&body)).await;
    let response = response.expect(401);
    let limit = response.header("ratelimit").unwrap();
    // 99 if a new minute began in between.
    let left = limit.split(';').nth(1).unwrap();
    assert!(["r=98", "r=99"].contains(&left), "{limit}");
}
