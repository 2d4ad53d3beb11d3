//! What a caller with a known `Idempotency-Key` can learn about the request that it belongs to.

use reqwest::Method;
use serde_json::{Value, json};

use super::with_key;
use crate::support::{
    PASSWORD, Response, TestApp,
    faults::{Fault, FaultySystem},
};

const KEY: &str = "8e03978e";

fn body(password: &str) -> Value {
    json!({"email": "ada@example.com", "password": password, "name": "Ada"})
}

/// Reads the idempotency record.
async fn record(app: &TestApp) -> Value {
    let key = json!({"id": {"S": format!("POST /signup {KEY}")}});
    app.get_item("Idempotency", &key).await
}

#[tokio::test]
async fn after_five_mismatches_an_idempotency_key_reveals_nothing_about_the_password() {
    let app = TestApp::start();
    with_key(&app, KEY, &body(PASSWORD)).await.expect(201);
    let mut refusals = Vec::new();
    for i in 0..4 {
        let guess = with_key(&app, KEY, &body(&format!("wrong password {i}"))).await;
        refusals.push(guess.expect(422).snapshot());
        // The correct password is compared until five mismatches are counted.
        with_key(&app, KEY, &body(PASSWORD)).await.expect(201);
    }
    for password in ["wrong password 4", "wrong password 5", PASSWORD, PASSWORD] {
        let refused = with_key(&app, KEY, &body(password)).await.expect(422);
        refusals.push(refused.snapshot());
    }
    assert_eq!(refusals[0]["code"], "idempotency_key_reused");
    assert!(refusals.windows(2).all(|two| two[0] == two[1]));
    assert_eq!(record(&app).await["mismatches"]["N"], "5");
}

#[tokio::test]
async fn of_simultaneous_guesses_with_one_idempotency_key_five_are_compared() {
    let app = TestApp::start();
    with_key(&app, KEY, &body(PASSWORD)).await.expect(201);
    let guesses: Vec<_> = (0..50)
        .map(|i| {
            let request = app
                .request(Method::POST, "/signup")
                .header("idempotency-key", KEY)
                .json(&body(&format!("wrong password {i}")));
            tokio::spawn(async move {
                loop {
                    let guess = Response::to(request.try_clone().unwrap()).await;
                    // On a slow machine, a guess may not be compared within its time.
                    if guess.status != 409 {
                        return guess;
                    }
                }
            })
        })
        .collect();
    for guess in guesses {
        let refused = guess.await.unwrap().expect(422);
        assert_eq!(refused.problem(), "idempotency_key_reused");
    }
    let record = record(&app).await;
    for counter in ["comparisons", "mismatches"] {
        assert_eq!(record[counter]["N"], "5", "{counter}");
    }
    with_key(&app, KEY, &body(PASSWORD)).await.expect(422);
}

#[tokio::test]
async fn the_same_sign_up_can_be_repeated_any_number_of_times() {
    let app = TestApp::start();
    let first = with_key(&app, KEY, &body(PASSWORD)).await.expect(201);
    for _ in 0..10 {
        let again = with_key(&app, KEY, &body(PASSWORD)).await.expect(201);
        assert_eq!(again.body, first.body);
    }
    let record = record(&app).await;
    assert_eq!(record["comparisons"]["N"], "0");
    assert_eq!(record["mismatches"], Value::Null);
}

/// The comparison of a killed function never ends and stays counted.
#[tokio::test]
async fn while_all_comparisons_are_pending_the_response_is_a_409_with_retry_after() {
    let app = TestApp::start();
    with_key(&app, KEY, &body(PASSWORD)).await.expect(201);
    let key = json!({"id": {"S": format!("POST /signup {KEY}")}});
    let five = json!({":five": {"N": "5"}});
    app.update_item("Idempotency", &key, "SET comparisons = :five", &five)
        .await;
    let busy = with_key(&app, KEY, &body(PASSWORD)).await.expect(409);
    assert_eq!(busy.problem(), "request_in_progress");
    assert_eq!(busy.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn a_comparison_whose_reply_is_lost_is_counted_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    with_key(app, KEY, &body(PASSWORD)).await.expect(201);
    let mut is_retry = false;
    system.dynamodb.plan(move |operation, body| {
        let table = body["TableName"].as_str().unwrap_or_default();
        if operation != "UpdateItem" || !table.ends_with("IdempotencyTable") {
            return Fault::None;
        }
        is_retry = !is_retry;
        if is_retry {
            Fault::LostReply
        } else {
            Fault::None
        }
    });
    for i in 0..2 {
        let wrong = body(&format!("wrong password {i}"));
        with_key(app, KEY, &wrong).await.expect(422);
    }
    with_key(app, KEY, &body(PASSWORD)).await.expect(201);
    system.dynamodb.always(&Fault::None);
    let record = record(app).await;
    for counter in ["comparisons", "mismatches"] {
        assert_eq!(record[counter]["N"], "2", "{counter}");
    }
}
