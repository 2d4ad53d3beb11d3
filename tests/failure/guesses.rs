use reqwest::Method;
use serde_json::{Value, json};

use super::{accounts, all_are_unavailable, assert_is_unavailable};
use crate::support::{
    PASSWORD, Response,
    faults::{Fault, FaultySystem},
    lockout::FAR_PAST,
};

const ADA: &str = "ada@example.com";

/// The next `times` updates of a table end this way.
fn updates(system: &FaultySystem, table: &'static str, mut times: usize, fault: Fault) {
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
async fn a_guess_whose_reply_is_lost_is_counted_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for (failures, losses) in (1..).zip([1, 2, 3, 1]) {
        updates(&system, "Credentials", losses, Fault::LostReply);
        app.sign_in(ADA, "not the password").await.expect(401);
        assert_eq!(app.lockout(ADA).await, (failures, None));
    }
    updates(&system, "Credentials", 2, Fault::LostReply);
    app.sign_in(ADA, "not the password").await.expect(401);
    let (failures, until) = app.lockout(ADA).await;
    assert!(failures == 5 && until.is_some());
}

/// Otherwise the owner would be told that the password is wrong, and wait again.
#[tokio::test]
async fn a_claim_whose_reply_is_lost_is_still_a_claim() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    app.sign_up(ADA, PASSWORD).await.expect(201);
    for losses in 1..4 {
        app.set_lockout(ADA, 9, FAR_PAST).await;
        updates(&system, "Credentials", losses, Fault::LostReply);
        app.sign_in(ADA, PASSWORD).await.expect(200);
        assert_eq!(app.lockout(ADA).await, (0, None));
    }
}

/// Of nobody's address, too: what fails for everybody tells nothing.
#[tokio::test]
async fn a_guess_that_cannot_be_counted_gets_no_answer() {
    let system = FaultySystem::start(4, &[]).await;
    let app = &system.app;
    app.sign_up(ADA, PASSWORD).await.expect(201);
    updates(
        &system,
        "Credentials",
        usize::MAX,
        Fault::error(500, "InternalServerError"),
    );
    for email in [ADA, "unknown@example.com"] {
        let answer = app.sign_in(email, "not the password").await;
        assert_is_unavailable(&answer, email);
    }
    app.sign_in(ADA, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn without_the_count_of_requests_the_limited_routes_are_unavailable_and_only_those() {
    let system = FaultySystem::start(4, &[]).await;
    let ada = system.app.new_user(ADA).await;
    let before = accounts(&system.app).await;
    updates(
        &system,
        "Limits",
        usize::MAX,
        Fault::error(500, "InternalServerError"),
    );
    let limited = ["sign up", "sign in", "new password", "delete"];
    all_are_unavailable(&system.app, &ada, &limited, 4).await;
    assert_eq!(accounts(&system.app).await, before);
    ada.get("/users/me").await.expect(200);
    system.dynamodb.always(&Fault::None);
    system.app.sign_in(ADA, PASSWORD).await.expect(200);
}

/// Documented: to know better would cost every request more.
#[tokio::test]
async fn a_request_whose_count_is_lost_is_served_and_counts_again() {
    let system = FaultySystem::start(10, &["RequestsPerAddress=100"]).await;
    let app = &system.app;
    updates(&system, "Limits", 1, Fault::LostReply);
    let body = json!({"email": ADA, "password": PASSWORD});
    let answer = Response::to(app.request(Method::POST, "/signin").json(&body)).await;
    let standing = answer.expect(401);
    let standing = standing.header("ratelimit").unwrap();
    // 99 when the next minute began in between.
    let left = standing.split(';').nth(1).unwrap();
    assert!(["r=98", "r=99"].contains(&left), "{standing}");
}
