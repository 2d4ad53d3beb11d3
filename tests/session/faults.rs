use std::time::Duration;

use super::{
    assert_has_ended, generation, next_token, refresh, session_item, sign_out, sign_out_everywhere,
};
use crate::support::{
    TestApp,
    faults::{Fault, FaultySystem},
    rounds,
};

#[track_caller]
fn assert_unavailable(response: &crate::support::Response) {
    assert_eq!(response.status, 503);
    assert_eq!(response.problem(), "unavailable");
    assert!(response.header("retry-after").is_some());
}

#[tokio::test]
async fn a_refresh_whose_reply_is_lost_is_done_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app: &TestApp = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let mut token = ada.refresh_token.clone();
    for round in 1..=rounds(5, 20) {
        // The table's reply to the function is lost once or twice; the SDK retries.
        let times = 1 + round % 2;
        system
            .dynamodb
            .fail_next("UpdateItem", times, Fault::LostReply);
        let successor = next_token(refresh(app, &token).await);
        // The function's response is lost: the client retries and gets the same successor.
        assert_eq!(next_token(refresh(app, &token).await), successor);
        assert_eq!(generation(app, &ada).await, round.to_string());
        token = successor;
    }
}

#[tokio::test]
async fn ending_a_session_succeeds_when_the_reply_is_lost() {
    let system = FaultySystem::start(10, &[]).await;
    let app: &TestApp = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let path = format!("/users/me/sessions/{}", ada.session_id());
    system.dynamodb.fail_next("DeleteItem", 1, Fault::LostReply);
    ada.delete(&path, &serde_json::json!(null))
        .await
        .expect(204);
    assert_eq!(session_item(app, &ada).await, None);
    assert_has_ended(&refresh(app, &ada.refresh_token).await, "ended by id");
}

#[tokio::test]
async fn a_refresh_reported_as_unavailable_can_be_retried() {
    let system = FaultySystem::start(4, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let (mut done, mut first) = (false, true);
    system.dynamodb.plan(move |operation, _| match operation {
        "UpdateItem" if first => {
            (first, done) = (false, true);
            Fault::LostReply
        }
        _ if done => Fault::Disconnect,
        _ => Fault::None,
    });
    assert_unavailable(&refresh(app, &ada.refresh_token).await);
    system.dynamodb.always(&Fault::None);
    assert_eq!(generation(app, &ada).await, "1");
    let second = next_token(refresh(app, &ada.refresh_token).await);
    next_token(refresh(app, &second).await);
    assert_eq!(generation(app, &ada).await, "2");
}

/// A client that retries after the seconds of `Retry-After` still gets the same successor.
#[tokio::test]
async fn a_refresh_done_before_the_database_hangs_can_be_retried() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let mut done = false;
    system.dynamodb.plan(move |operation, _| match operation {
        _ if done => Fault::Hang,
        "UpdateItem" => {
            done = true;
            Fault::LostReply
        }
        _ => Fault::None,
    });
    let response = refresh(app, &ada.refresh_token).await;
    assert_unavailable(&response);
    system.dynamodb.always(&Fault::None);
    let seconds = response.header("retry-after").unwrap().parse().unwrap();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let second = next_token(refresh(app, &ada.refresh_token).await);
    next_token(refresh(app, &second).await);
    assert_eq!(generation(app, &ada).await, "2");
}

#[tokio::test]
async fn a_sign_out_whose_reply_is_lost_is_done() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    system.dynamodb.fail_next("DeleteItem", 2, Fault::LostReply);
    sign_out(app, &ada.refresh_token).await.expect(204);
    assert_eq!(session_item(app, &ada).await, None);

    let grace = app.new_user("grace@example.com").await;
    system
        .dynamodb
        .fail_next("TransactWriteItems", 2, Fault::LostReply);
    sign_out_everywhere(&grace).await.expect(204);
    assert_has_ended(&refresh(app, &grace.refresh_token).await, "everywhere");
}

/// The database refuses a write to an item in a running transaction, and the SDK does not retry it.
#[tokio::test]
async fn a_refresh_and_a_sign_out_retry_transaction_conflicts() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let conflict = || Fault::error(400, "TransactionConflictException");
    system.dynamodb.fail_next("UpdateItem", 3, conflict());
    let second = next_token(refresh(app, &ada.refresh_token).await);
    system.dynamodb.fail_next("DeleteItem", 3, conflict());
    sign_out(app, &second).await.expect(204);
    assert_eq!(session_item(app, &ada).await, None);
}

#[tokio::test]
async fn a_database_outage_is_a_503_and_ends_no_session() {
    let system = FaultySystem::start(4, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    let mut token = next_token(refresh(app, &ada.refresh_token).await);
    for fault in [
        Fault::Disconnect,
        Fault::error(500, "InternalServerError"),
        Fault::error(400, "ThrottlingException"),
        Fault::Hang,
    ] {
        system.dynamodb.always(&fault);
        let (refreshed, ended, all) = tokio::join!(
            refresh(app, &token),
            sign_out(app, &token),
            sign_out_everywhere(&ada)
        );
        for response in [refreshed, ended, all] {
            assert_unavailable(&response);
        }
        system.dynamodb.always(&Fault::None);
        token = next_token(refresh(app, &token).await);
    }
    assert_eq!(generation(app, &ada).await, "5");
}
