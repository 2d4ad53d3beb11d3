use std::time::Duration;

use super::{assert_has_ended, generation, item, next, refresh, sign_out, sign_out_everywhere};
use crate::support::{
    TestApp,
    faults::{Fault, Fragile},
};

#[track_caller]
fn assert_is_unavailable(answer: &crate::support::Answer) {
    assert_eq!(answer.status, 503);
    assert_eq!(answer.problem(), "unavailable");
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn a_refresh_whose_reply_is_lost_has_happened_once() {
    let system = Fragile::start(10, &[]).await;
    let app: &TestApp = &system.app;
    let ada = app.somebody("ada@example.com").await;
    let mut token = ada.refresh_token.clone();
    for round in 1..=20 {
        // The table's reply to the function, once and twice; the SDK asks again.
        let times = 1 + round % 2;
        system.dynamodb.next("UpdateItem", times, Fault::LostReply);
        let successor = next(refresh(app, &token).await);
        // The function's to the client: who asks again is told the same.
        assert_eq!(next(refresh(app, &token).await), successor);
        assert_eq!(generation(app, &ada).await, round.to_string());
        token = successor;
    }
}

#[tokio::test]
async fn a_session_whose_end_is_not_answered_has_ended() {
    let system = Fragile::start(10, &[]).await;
    let app: &TestApp = &system.app;
    let ada = app.somebody("ada@example.com").await;
    let path = format!("/users/me/sessions/{}", ada.session_id());
    system.dynamodb.next("DeleteItem", 1, Fault::LostReply);
    let answer = ada.delete(&path, &serde_json::json!(null)).await;
    answer.expect(204);
    assert_eq!(item(app, &ada).await, None);
    assert_has_ended(&refresh(app, &ada.refresh_token).await, "ended by id");
}

#[tokio::test]
async fn a_refresh_that_was_done_and_told_as_an_outage_can_be_asked_for_again() {
    let system = Fragile::start(4, &[]).await;
    let app = &system.app;
    let ada = app.somebody("ada@example.com").await;
    let (mut done, mut first) = (false, true);
    system.dynamodb.plan(move |operation, _| match operation {
        "UpdateItem" if first => {
            (first, done) = (false, true);
            Fault::LostReply
        }
        _ if done => Fault::Broken,
        _ => Fault::None,
    });
    assert_is_unavailable(&refresh(app, &ada.refresh_token).await);
    system.dynamodb.always(&Fault::None);
    assert_eq!(generation(app, &ada).await, "1");
    let second = next(refresh(app, &ada.refresh_token).await);
    next(refresh(app, &second).await);
    assert_eq!(generation(app, &ada).await, "2");
}

/// Whoever is told to come again in two seconds, and does, is in time for the same successor.
#[tokio::test]
async fn a_refresh_that_was_done_before_the_database_hung_can_be_asked_for_again() {
    let system = Fragile::start(10, &[]).await;
    let app = &system.app;
    let ada = app.somebody("ada@example.com").await;
    let mut done = false;
    system.dynamodb.plan(move |operation, _| match operation {
        _ if done => Fault::Hang,
        "UpdateItem" => {
            done = true;
            Fault::LostReply
        }
        _ => Fault::None,
    });
    let answer = refresh(app, &ada.refresh_token).await;
    assert_is_unavailable(&answer);
    system.dynamodb.always(&Fault::None);
    let seconds = answer.header("retry-after").unwrap().parse().unwrap();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let second = next(refresh(app, &ada.refresh_token).await);
    next(refresh(app, &second).await);
    assert_eq!(generation(app, &ada).await, "2");
}

#[tokio::test]
async fn a_sign_out_whose_reply_is_lost_has_happened() {
    let system = Fragile::start(10, &[]).await;
    let app = &system.app;
    let ada = app.somebody("ada@example.com").await;
    system.dynamodb.next("DeleteItem", 2, Fault::LostReply);
    sign_out(app, &ada.refresh_token).await.expect(204);
    assert_eq!(item(app, &ada).await, None);

    let grace = app.somebody("grace@example.com").await;
    system
        .dynamodb
        .next("TransactWriteItems", 2, Fault::LostReply);
    sign_out_everywhere(&grace).await.expect(204);
    assert_has_ended(&refresh(app, &grace.refresh_token).await, "everywhere");
}

/// A write to an item that a transaction is about to write is refused, and the SDK does not try that again by itself.
#[tokio::test]
async fn a_transaction_on_the_same_item_is_waited_out() {
    let system = Fragile::start(10, &[]).await;
    let app = &system.app;
    let ada = app.somebody("ada@example.com").await;
    let conflict = || Fault::error(400, "TransactionConflictException");
    system.dynamodb.next("UpdateItem", 3, conflict());
    let second = next(refresh(app, &ada.refresh_token).await);
    system.dynamodb.next("DeleteItem", 3, conflict());
    sign_out(app, &second).await.expect(204);
    assert_eq!(item(app, &ada).await, None);
}

#[tokio::test]
async fn an_outage_is_a_503_and_ends_no_session() {
    let system = Fragile::start(4, &[]).await;
    let app = &system.app;
    let ada = app.somebody("ada@example.com").await;
    let mut token = next(refresh(app, &ada.refresh_token).await);
    for fault in [
        Fault::Broken,
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
        for answer in [refreshed, ended, all] {
            assert_is_unavailable(&answer);
        }
        system.dynamodb.always(&Fault::None);
        token = next(refresh(app, &token).await);
    }
    assert_eq!(generation(app, &ada).await, "5");
}
