use std::fs;

use aws_sdk_s3::types::{ObjectLockMode, ObjectLockRetentionMode};
use reqwest::Method;
use serde_json::{Value, json};

use super::{announce, download, path, status, store};
use crate::support::{
    Answer, PASSWORD, SignedIn, TestApp, dev, eventually,
    guesses::{LONG_AGO, LONG_FROM_NOW},
    in_hours, unrecorded, within_a_minute,
};

const ADA: &str = "ada@example.com";

async fn lock(owner: &SignedIn<'_>, upload: &Value, hours: i64, password: Option<&str>) -> Answer {
    let mut body = json!({"until": in_hours(hours).0});
    if let Some(password) = password {
        body["password"] = json!(password);
    }
    owner.put(&path(upload, "/lock"), &body).await
}

async fn delete(owner: &SignedIn<'_>, upload: &Value) -> Answer {
    owner.delete(&path(upload, ""), &json!(null)).await
}

/// The one place that is wrong with a body, and its code.
#[track_caller]
fn wrong(answer: Answer) -> (String, String) {
    let problem = answer.expect(422);
    assert_eq!(problem.problem(), "validation_failed");
    let errors = problem.json()["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let text = |name: &str| errors[0][name].as_str().unwrap().to_owned();
    (text("pointer"), text("code"))
}

#[tokio::test]
async fn locks_are_off_unless_the_operator_allows_them() {
    let app = TestApp::start();
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    for hours in [1, 48, 100 * 365 * 24] {
        let refused = lock(&ada, &upload, hours, Some(PASSWORD)).await.expect(409);
        assert_eq!(refused.problem(), "locks_disabled");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("MaxLockDays"), "{detail}");
    }
    delete(&ada, &upload).await.expect(204);
}

#[tokio::test]
async fn a_locked_file_stays() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let lock = async |until: &str| {
        let body = json!({"until": until, "password": PASSWORD});
        ada.put(&path(&upload, "/lock"), &body).await
    };
    let locked = lock("2090-01-01T01:00:00+01:00").await.expect(200).json();
    assert_eq!(locked["lockedUntil"], "2090-01-01T00:00:00.000Z");
    assert_eq!(locked["upload"], upload["upload"]);
    assert_eq!(
        lock("2089-12-31T23:59:59Z").await.expect(409).problem(),
        "upload_locked"
    );
    lock("2090-01-01T00:00:01Z").await.expect(200);
    let deleted = delete(&ada, &upload).await.expect(409);
    assert_eq!(deleted.problem(), "upload_locked");
    assert_eq!(status(&ada, &upload).await, "stored");
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");

    for (until, code) in [
        ("2001-01-01T00:00:00Z", "not_in_future"),
        ("tomorrow", "invalid_time"),
        ("2999-01-01T00:00:00Z", "lock_too_long"),
    ] {
        let expected = ("/until".to_owned(), code.to_owned());
        assert_eq!(wrong(lock(until).await), expected);
    }
    let pending = announce(&ada, "b.txt", 5).await;
    let body = json!({"until": "2090-01-01T00:00:00Z", "password": PASSWORD});
    let early = ada.put(&path(&pending, "/lock"), &body).await;
    assert_eq!(early.expect(409).problem(), "upload_not_stored");
}

#[tokio::test]
async fn a_lock_is_in_governance_mode_unless_the_operator_chooses_compliance() {
    for (parameter, mode) in [
        (None, ObjectLockMode::Governance),
        (Some("LockMode=compliance"), ObjectLockMode::Compliance),
    ] {
        let parameters: Vec<_> = parameter.into_iter().chain(["MaxLockDays=1"]).collect();
        let app = TestApp::start_with(&parameters);
        let ada = app.somebody(ADA).await;
        let upload = store(&ada, "a.txt", b"hello").await;
        let (until, seconds) = in_hours(1);
        let body = json!({ "until": until });
        ada.put(&path(&upload, "/lock"), &body).await.expect(200);
        let held = app.held(&ada.key_of(&upload)).await;
        assert_eq!(held, Some((mode, seconds)));
    }
}

#[tokio::test]
async fn a_lock_is_no_longer_than_the_operator_allows() {
    let app = TestApp::start_with(&["MaxLockDays=3"]);
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let too_long = lock(&ada, &upload, 73, Some(PASSWORD)).await;
    let expected = ("/until".to_owned(), "lock_too_long".to_owned());
    assert_eq!(wrong(too_long), expected);
    // All that is wrong, at once.
    let both = lock(&ada, &upload, 73, None).await.expect(422).json();
    let errors = both["errors"].as_array().unwrap().iter();
    let pointers: Vec<_> = errors.map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, ["/until", "/password"]);
    assert_eq!(app.held(&ada.key_of(&upload)).await, None);
    lock(&ada, &upload, 72, Some(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn a_lock_of_more_than_a_day_needs_the_password() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let missing = lock(&ada, &upload, 25, None).await;
    let expected = ("/password".to_owned(), "required".to_owned());
    assert_eq!(wrong(missing), expected);
    assert_eq!(app.guesses(ADA).await, (0, None));

    let refused = lock(&ada, &upload, 25, Some("not the password")).await;
    assert_eq!(refused.expect(401).problem(), "invalid_credentials");
    assert_eq!(app.guesses(ADA).await, (1, None));
    assert_eq!(app.held(&ada.key_of(&upload)).await, None);

    // A day needs none.
    lock(&ada, &upload, 24, None).await.expect(200);
    lock(&ada, &upload, 25, Some(PASSWORD)).await.expect(200);
    assert_eq!(app.guesses(ADA).await, (0, None));
}

#[tokio::test]
async fn guesses_at_a_lock_have_to_wait_like_all_others() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    for _ in 0..3 {
        app.sign_in(ADA, "not the password").await.expect(401);
        lock(&ada, &upload, 48, Some("wrong")).await.expect(401);
    }
    // The sixth found a wait.
    assert_eq!(app.guesses(ADA).await.0, 5);
    app.wait_until(ADA, LONG_FROM_NOW).await;
    let refused = lock(&ada, &upload, 48, Some(PASSWORD)).await.expect(401);
    assert_eq!(refused.problem(), "invalid_credentials");
    // What needs no password goes on.
    lock(&ada, &upload, 1, None).await.expect(200);
    app.wait_until(ADA, LONG_AGO).await;
    lock(&ada, &upload, 48, Some(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn locks_are_limited_by_address_together_with_what_asks_for_a_password() {
    let app = TestApp::start_with(&["MaxLockDays=30", "RequestsPerAddress=2"]);
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let answers = within_a_minute(async |address| {
        let lock = || {
            let path = path(&upload, "/lock");
            let request = app.request_from(address, Method::PUT, &path);
            request.bearer_auth(&ada.token).json(&json!({}))
        };
        let delete = app.request_from(address, Method::DELETE, "/users/me");
        let mut answers = Vec::new();
        for request in [delete, lock(), lock()] {
            answers.push(Answer::of(request).await);
        }
        answers
    })
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [401, 422, 429]);
    assert_eq!(answers[2].problem(), "rate_limited");
}

#[tokio::test]
async fn a_token_of_a_disabled_or_deleted_account_locks_nothing() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let admin = app.admin("admin@example.com").await;
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let is_refused = async || {
        for (hours, password) in [(1, None), (48, Some(PASSWORD))] {
            let refused = lock(&ada, &upload, hours, password).await.expect(401);
            assert_eq!(refused.problem(), "invalid_token");
        }
        assert_eq!(app.held(&ada.key_of(&upload)).await, None);
    };
    let path = format!("/admin/users/{}", ada.id);
    let disable = format!("{path}/disable");
    admin.post(&disable, &json!(null)).await.expect(200);
    is_refused().await;
    admin.delete(&path, &json!(null)).await.expect(204);
    is_refused().await;
}

#[tokio::test]
async fn a_longer_lock_in_s3_is_not_shortened() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let key = ada.key_of(&upload);
    let until = in_hours(48).1;
    app.hold(&key, ObjectLockRetentionMode::Governance, until)
        .await;
    let refused = lock(&ada, &upload, 2, None).await.expect(409);
    assert_eq!(refused.problem(), "upload_locked");
    let held = app.held(&key).await;
    assert_eq!(held, Some((ObjectLockMode::Governance, until)));
    lock(&ada, &upload, 49, Some(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn a_lock_without_the_permission_is_an_outage_and_a_line_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let template = include_str!("../../template.yaml");
    let changed = template.replace("s3:PutObjectRetention", "s3:PutObjectTagging");
    assert_ne!(changed, template);
    let path_of_it = dir.path().join("template.yaml");
    fs::write(&path_of_it, changed).unwrap();
    let path_of_it = path_of_it.to_str().unwrap();
    let locks = "MaxLockDays=30";
    let args = [
        "--ephemeral",
        "--template",
        path_of_it,
        "--parameter",
        locks,
    ];
    let data = dir.path().join("data");
    let app = TestApp::run(unrecorded(dev(&data)).args(args), &data);
    let ada = app.somebody(ADA).await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let refused = lock(&ada, &upload, 2, None).await.expect(503);
    assert_eq!(refused.problem(), "unavailable");
    assert!(refused.header("retry-after").is_some());
    eventually(async || {
        let log = app.log();
        log.contains("storage_failed") && log.contains("s3:PutObjectRetention")
    })
    .await;
}
