use serde_json::json;

use super::{REQUESTS, accounts, all_are_unavailable, assert_is_unavailable, request};
use crate::support::{
    PASSWORD, Response, SignedIn,
    faults::{Fault, FaultySystem},
    processes::instances,
    run_concurrently,
};

/// Seconds that a request has here.
const TIMEOUT: u32 = 4;

/// A system in which every function has run: what comes now finds open connections.
async fn warm() -> (FaultySystem, String, String) {
    let system = FaultySystem::start(TIMEOUT, &[]).await;
    let ada = system.app.new_user("ada@example.com").await;
    ada.get("/users/me").await.expect(200);
    ada.put("/users/me/password", &json!({})).await.expect(422);
    let (token, id) = (ada.token, ada.id);
    (system, token, id)
}

/// Nothing is changed by a fault, and nothing has to be restarted after it.
async fn survives(fault: Fault) {
    let (system, token, id) = warm().await;
    let mut ada = SignedIn::with_token(&system.app, token);
    ada.id = id;
    let before = accounts(&system.app).await;
    system.dynamodb.always(&fault);
    all_are_unavailable(&system.app, &ada, &REQUESTS, TIMEOUT).await;
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
async fn a_database_that_does_not_answer_is_a_503_in_time() {
    run_concurrently([Fault::Hang, Fault::Disconnect].map(survives)).await;
}

#[tokio::test]
async fn a_database_that_cannot_answer_is_a_503_in_time() {
    let faults = [
        Fault::error(500, "InternalServerError"),
        Fault::Respond(503, "<html>".to_owned()),
        Fault::Respond(200, "<html>".to_owned()),
    ];
    run_concurrently(faults.map(survives)).await;
}

#[tokio::test]
async fn a_database_that_will_not_answer_is_a_503_in_time() {
    let faults = [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "AccessDeniedException",
        "ResourceNotFoundException",
    ];
    run_concurrently(faults.map(|code| survives(Fault::error(400, code)))).await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_a_503_until_it_is() {
    let (system, token, id) = warm().await;
    let mut ada = SignedIn::with_token(&system.app, token);
    ada.id = id;
    let before = accounts(&system.app).await;
    system.dynamodb.stop_listening().await;
    all_are_unavailable(&system.app, &ada, &REQUESTS, TIMEOUT).await;
    let running = instances(system.app.pid());
    system.dynamodb.listen_again().await;
    ada.get("/users/me").await.expect(200);
    assert_eq!(accounts(&system.app).await, before);
    system.app.new_user("new@example.com").await;
    assert_eq!(instances(system.app.pid()), running);
}

/// Functions that are started while it is away wait for it neither to come nor to go.
#[tokio::test]
async fn a_function_starts_without_its_database() {
    let faults = [
        Fault::Hang,
        Fault::Disconnect,
        Fault::error(500, "InternalServerError"),
    ];
    run_concurrently(faults.map(starts_without)).await;
}

async fn starts_without(fault: Fault) {
    let system = FaultySystem::start(10, &[]).await;
    system.dynamodb.always(&fault);
    let nobody = SignedIn::with_token(&system.app, String::new());
    all_are_unavailable(&system.app, &nobody, &["sign up", "sign in"], 10).await;
    system.dynamodb.always(&Fault::None);
    let ada = system.app.new_user("new@example.com").await;
    system.dynamodb.always(&fault);
    all_are_unavailable(&system.app, &ada, &["see me", "new password"], 10).await;
    system.dynamodb.always(&Fault::None);
    ada.get("/users/me").await.expect(200);
}

/// A throttle or a hiccup now and then is nobody's business.
#[tokio::test]
async fn room_that_came_free_meanwhile_is_taken() {
    let system = FaultySystem::start(TIMEOUT, &[]).await;
    let ada = system.app.new_user("ada@example.com").await;
    // Full when it was asked for, and empty when it was looked at.
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
async fn a_short_fault_is_not_seen() {
    let (system, token, id) = warm().await;
    let mut ada = SignedIn::with_token(&system.app, token);
    ada.id = id;
    for fault in [
        Fault::error(400, "ProvisionedThroughputExceededException"),
        Fault::error(500, "InternalServerError"),
        Fault::Disconnect,
        Fault::LostReply,
    ] {
        for (operation, what, status) in [
            ("GetItem", "sign in", 200),
            ("PutItem", "sign in", 200),
            ("GetItem", "see me", 200),
            ("Query", "list", 200),
            ("UpdateItem", "patch", 200),
            ("TransactWriteItems", "new password", 204),
        ] {
            system.dynamodb.fail_next(operation, 2, fault.clone());
            let answer = Response::to(request(&system.app, &ada, what)).await;
            assert_eq!(answer.status, status, "{what}: {operation} {fault:?}");
        }
    }
    system
        .dynamodb
        .always(&Fault::error(400, "ThrottlingException"));
    assert_is_unavailable(&ada.get("/users/me").await, "a long one is");
}
