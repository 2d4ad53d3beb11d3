//! The metrics of outcomes.

use serde_json::{Value, json};

use crate::{
    support::{
        PASSWORD, Response, TestApp, WITH_MAIL, eventually,
        faults::{Fault, FaultySystem},
        not_at_midnight, token_in,
    },
    uploads::store_file,
};

const ADA: &str = "ada@example.com";

/// Asserts which of these metrics the line of a request has.
async fn assert_counts(app: &TestApp, response: &Response, expected: &[&str]) {
    const OUTCOMES: [&str; 7] = [
        "SignUps",
        "SignIns",
        "SignInsRefused",
        "AccountsLocked",
        "TokenReplays",
        "ServerErrors",
        "AwsRetries",
    ];
    let line = app.line_of(response).await;
    let found: Vec<_> = OUTCOMES
        .into_iter()
        .filter(|name| line[name] == 1)
        .collect();
    assert_eq!(found, expected, "{line}");
}

#[tokio::test]
async fn sign_ups_and_sign_ins_are_counted_by_outcome() {
    let app = TestApp::start();
    let created = app.sign_up(ADA, PASSWORD).await.expect(201);
    assert_counts(&app, &created, &["SignUps"]).await;
    let taken = app.sign_up(ADA, PASSWORD).await.expect(409);
    assert_counts(&app, &taken, &[]).await;
    let signed_in = app.sign_in(ADA, PASSWORD).await.expect(200);
    assert_counts(&app, &signed_in, &["SignIns"]).await;
    let unknown = app.sign_in("bob@example.com", PASSWORD).await.expect(401);
    assert_counts(&app, &unknown, &["SignInsRefused"]).await;
    for _ in 0..4 {
        let wrong = app.sign_in(ADA, "a wrong password").await.expect(401);
        assert_counts(&app, &wrong, &["SignInsRefused"]).await;
    }
    let locked = app.sign_in(ADA, "a wrong password").await.expect(401);
    assert_counts(&app, &locked, &["SignInsRefused", "AccountsLocked"]).await;
}

#[tokio::test]
async fn hashing_time_is_measured_for_each_request_that_hashes() {
    let app = TestApp::start();
    let created = app.sign_up(ADA, PASSWORD).await.expect(201);
    let unknown = app.sign_in("bob@example.com", PASSWORD).await.expect(401);
    for response in [&created, &unknown] {
        let line = app.line_of(response).await;
        assert!(line["HashMilliseconds"].as_f64().unwrap() > 0.0, "{line}");
    }
    let none = app.sign_up("not an address", PASSWORD).await.expect(422);
    assert_eq!(app.line_of(&none).await["HashMilliseconds"], Value::Null);
}

#[tokio::test]
async fn a_replayed_refresh_token_is_counted() {
    let app = TestApp::start();
    let first = app.new_user(ADA).await.refresh_token;
    let refresh = async |token: &str| {
        let body = json!({"refreshToken": token});
        app.post("/session/refresh", &body).await
    };
    let mut token = first.clone();
    for _ in 0..2 {
        let refreshed = refresh(&token).await.expect(200);
        assert_counts(&app, &refreshed, &[]).await;
        refreshed.json()["refreshToken"]
            .as_str()
            .unwrap()
            .clone_into(&mut token);
    }
    let replayed = refresh(&first).await.expect(401);
    assert_counts(&app, &replayed, &["TokenReplays"]).await;
}

/// The event of S3 and the request to complete the upload both find the file. It is counted once.
#[tokio::test]
async fn stored_uploads_and_their_bytes_are_counted_once() {
    let app = TestApp::start();
    let ada = app.new_user(ADA).await;
    for number in 1..=3_u8 {
        store_file(&ada, "a.txt", b"ada").await;
        app.wait_for_metric("UploadsStored", number.into()).await;
        app.wait_for_metric("BytesStored", (3 * number).into())
            .await;
    }
}

#[tokio::test]
async fn mails_are_counted_by_outcome() {
    not_at_midnight().await;
    let system = FaultySystem::start(10, &[WITH_MAIL, "MailsPerDay=2"]).await;
    let app = &system.app;
    app.sign_up(ADA, PASSWORD).await.expect(201);
    app.wait_for_metric("MailsSent", 1.0).await;
    let refusal = json!({"message": "injected", "__type": "MessageRejected"});
    system.ses.always(&Fault::Respond(400, refusal.to_string()));
    app.sign_up("bob@example.com", PASSWORD).await.expect(201);
    app.wait_for_metric("MailsRefused", 1.0).await;
    app.sign_up("eve@example.com", PASSWORD).await.expect(201);
    app.wait_for_metric("MailLimitReached", 1.0).await;
    app.wait_for_metric("MailsSent", 1.0).await;
}

/// With `SignupMode=verified`, the mailed link creates the account.
#[tokio::test]
async fn a_verified_sign_up_is_counted_when_the_account_exists() {
    let app = TestApp::start_with_mail(&["SignupMode=verified"]);
    let pending = app.sign_up(ADA, PASSWORD).await.expect(202);
    assert_counts(&app, &pending, &[]).await;
    let token = token_in(&app.mail_to(ADA, "Finish").await, "finish-sign-up");
    let finished = app.finish_sign_up(&token, PASSWORD).await.expect(204);
    assert_counts(&app, &finished, &["SignUps"]).await;
    let again = app.finish_sign_up(&token, PASSWORD).await.expect(422);
    assert_counts(&app, &again, &[]).await;
}

#[tokio::test]
async fn retries_and_server_errors_are_counted() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user(ADA).await;
    ada.get("/users/me").await.expect(200);
    let fault = Fault::error(500, "InternalServerError");
    system.dynamodb.fail_next("GetItem", 1, fault.clone());
    let retried = ada.get("/users/me").await.expect(200);
    assert_counts(app, &retried, &["AwsRetries"]).await;
    assert_eq!(app.line_of(&retried).await["calls"], 2);

    system.dynamodb.always(&fault);
    let failed = ada.get("/users/me").await.expect(503);
    let line = app.line_of(&failed).await;
    assert_eq!(line["ServerErrors"], 1, "{line}");
    assert!(line["AwsRetries"].as_u64().unwrap() > 1, "{line}");
}

/// A stack without mail answers 501. That is a setting, and no alarm for it is useful.
#[tokio::test]
async fn a_501_is_not_a_server_error() {
    let app = TestApp::start();
    let refused = app.forgot_password(ADA).await.expect(501);
    assert_counts(&app, &refused, &[]).await;
}

/// Capacity is counted for writes, transactions and refused writes, too.
#[tokio::test]
async fn consumed_write_units_are_counted() {
    let app = TestApp::start();
    let created = app.sign_up(ADA, PASSWORD).await.expect(201);
    let taken = app.sign_up(ADA, PASSWORD).await.expect(409);
    for response in [&created, &taken] {
        let line = app.line_of(response).await;
        assert!(line["WriteUnits"].as_f64().unwrap() >= 4.0, "{line}");
    }
    let mut log = String::new();
    eventually(async || {
        log = app.log();
        log.contains("WriteUnits")
    })
    .await;
    assert!(!log.contains("ConsumedCapacity"), "{log}");
}
