use serde_json::json;

use super::{REQUESTS, accounts, assert_all_unavailable, assert_unavailable, request};
use crate::support::{
    PASSWORD, Response, SignedIn,
    faults::{Fault, FaultySystem},
    processes::instances,
};

/// The deadline of a request, in seconds.
const TIMEOUT: u32 = 4;

/// Calls every function of a system, so that the next requests use open connections.
async fn warm(system: FaultySystem) -> (FaultySystem, String, String) {
    let ada = system.app.new_user("ada@example.com").await;
    ada.get("/users/me").await.expect(200);
    ada.put("/users/me/password", &json!({})).await.expect(422);
    let (token, id) = (ada.token, ada.id);
    // The functions that handle the event of the sign-up have also started.
    system.app.settled().await;
    (system, token, id)
}

/// Asserts that a fault changes nothing, and that no function has to restart after it.
async fn assert_survives(system: FaultySystem, fault: Fault) {
    let (system, token, id) = warm(system).await;
    let mut ada = SignedIn::with_token(&system.app, token);
    ada.id = id;
    let before = accounts(&system.app).await;
    system.dynamodb.always(&fault);
    assert_all_unavailable(&system.app, &ada, &REQUESTS, TIMEOUT).await;
    let running = instances(system.app.pid());
    system.dynamodb.always(&Fault::None);
    assert_eq!(accounts(&system.app).await, before, "{fault:?}");
    ada.get("/users/me").await.expect(200);
    system
        .app
        .sign_in("ada@example.com", PASSWORD)
        .await
        .expect(200);
    assert_eq!(instances(system.app.pid()), running, "{fault:?}");
}

#[tokio::test]
async fn an_unresponsive_database_is_a_503_within_the_deadline() {
    FaultySystem::each(TIMEOUT, [Fault::Hang, Fault::Disconnect], assert_survives).await;
}

#[tokio::test]
async fn a_database_server_error_is_a_503_within_the_deadline() {
    let faults = [
        Fault::error(500, "InternalServerError"),
        Fault::Respond(503, "<html>".to_owned()),
        Fault::Respond(200, "<html>".to_owned()),
    ];
    FaultySystem::each(TIMEOUT, faults, assert_survives).await;
}

#[tokio::test]
async fn a_database_that_refuses_requests_is_a_503_within_the_deadline() {
    let faults = [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "AccessDeniedException",
        "ResourceNotFoundException",
    ];
    let faults = faults.map(|code| Fault::error(400, code));
    FaultySystem::each(TIMEOUT, faults, assert_survives).await;
}

#[tokio::test]
async fn an_unreachable_database_is_a_503_until_it_returns() {
    let (system, token, id) = warm(FaultySystem::start(TIMEOUT, &[]).await).await;
    let mut ada = SignedIn::with_token(&system.app, token);
    ada.id = id;
    let before = accounts(&system.app).await;
    system.dynamodb.stop_listening().await;
    assert_all_unavailable(&system.app, &ada, &REQUESTS, TIMEOUT).await;
    let running = instances(system.app.pid());
    system.dynamodb.listen_again().await;
    ada.get("/users/me").await.expect(200);
    assert_eq!(accounts(&system.app).await, before);
    system.app.new_user("new@example.com").await;
    assert_eq!(instances(system.app.pid()), running);
}

/// Functions start without waiting for the database.
#[tokio::test]
async fn a_function_starts_without_its_database() {
    let faults = [
        Fault::Hang,
        Fault::Disconnect,
        Fault::error(500, "InternalServerError"),
    ];
    FaultySystem::each(10, faults, assert_starts_without_database).await;
}

async fn assert_starts_without_database(system: FaultySystem, fault: Fault) {
    system.dynamodb.always(&fault);
    let anonymous = SignedIn::with_token(&system.app, String::new());
    assert_all_unavailable(&system.app, &anonymous, &["sign up", "sign in"], 10).await;
    system.dynamodb.always(&Fault::None);
    let ada = system.app.new_user("new@example.com").await;
    system.dynamodb.always(&fault);
    assert_all_unavailable(&system.app, &ada, &["get me", "change password"], 10).await;
    system.dynamodb.always(&Fault::None);
    ada.get("/users/me").await.expect(200);
}

/// The quota is full when the transaction runs, and free when it is read again.
#[tokio::test]
async fn a_form_uses_quota_that_was_freed_during_the_request() {
    let system = FaultySystem::start(TIMEOUT, &[]).await;
    let ada = system.app.new_user("ada@example.com").await;
    // The reservation fails as full; reading the quota afterwards shows room.
    let full = Fault::cancelled(&["None", "ConditionalCheckFailed"]);
    system
        .dynamodb
        .fail_next("TransactWriteItems", 1, full.clone());
    ada.get("/s3/params?filename=a.txt").await.expect(200);
    system.dynamodb.fail_next("TransactWriteItems", 100, full);
    let refused = ada.get("/s3/params?filename=a.txt").await.expect(503);
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn a_short_fault_is_retried_without_an_error() {
    let (system, token, id) = warm(FaultySystem::start(TIMEOUT, &[]).await).await;
    let mut ada = SignedIn::with_token(&system.app, token);
    ada.id = id;
    for fault in [
        Fault::error(400, "ProvisionedThroughputExceededException"),
        Fault::error(500, "InternalServerError"),
        Fault::Disconnect,
        Fault::LostReply,
    ] {
        for (operation, name, status) in [
            ("GetItem", "sign in", 200),
            ("PutItem", "sign in", 200),
            ("GetItem", "get me", 200),
            ("Query", "list", 200),
            ("UpdateItem", "patch", 200),
            ("TransactWriteItems", "change password", 204),
        ] {
            system.dynamodb.fail_next(operation, 2, fault.clone());
            let response = Response::to(request(&system.app, &ada, name)).await;
            assert_eq!(response.status, status, "{name}: {operation} {fault:?}");
        }
    }
    system
        .dynamodb
        .always(&Fault::error(400, "ThrottlingException"));
    assert_unavailable(&ada.get("/users/me").await, "a lasting fault");
}
