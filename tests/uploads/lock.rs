//! `PUT /uploads/{id}/lock`.

use std::fs;

use aws_sdk_s3::types::{ObjectLockMode, ObjectLockRetentionMode};
use reqwest::Method;
use serde_json::{Value, json};

use super::{create_upload, download, store_file, upload_path, upload_status};
use crate::support::{
    PASSWORD, Response, SignedIn, TestApp, cloakroom_dev, eventually, hours_from_now,
    lockout::{FAR_FUTURE, FAR_PAST},
    unrecorded, within_a_minute,
};

const ADA: &str = "ada@example.com";

/// Locks an upload for a number of hours.
async fn lock(
    owner: &SignedIn<'_>,
    upload: &Value,
    hours: i64,
    password: Option<&str>,
) -> Response {
    let mut body = json!({"until": hours_from_now(hours).0});
    if let Some(password) = password {
        body["password"] = json!(password);
    }
    owner.put(&upload_path(upload, "/lock"), &body).await
}

async fn delete(owner: &SignedIn<'_>, upload: &Value) -> Response {
    owner.delete(&upload_path(upload, ""), &json!(null)).await
}

/// Asserts a 422 with one error, and returns its pointer and code.
#[track_caller]
fn only_error(response: Response) -> (String, String) {
    let problem = response.expect(422);
    assert_eq!(problem.problem(), "validation_failed");
    let errors = problem.json()["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let text = |name: &str| errors[0][name].as_str().unwrap().to_owned();
    (text("pointer"), text("code"))
}

#[tokio::test]
async fn locks_are_off_unless_the_operator_allows_them() {
    let app = TestApp::start();
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    for hours in [1, 48, 100 * 365 * 24] {
        let refused = lock(&ada, &upload, hours, Some(PASSWORD)).await.expect(409);
        assert_eq!(refused.problem(), "locks_disabled");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("MaxLockDays"), "{detail}");
    }
    delete(&ada, &upload).await.expect(204);
}

#[tokio::test]
async fn a_locked_upload_cannot_be_deleted() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let lock = async |until: &str| {
        let body = json!({"until": until, "password": PASSWORD});
        ada.put(&upload_path(&upload, "/lock"), &body).await
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
    assert_eq!(upload_status(&ada, &upload).await, "stored");
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");

    for (until, code) in [
        ("2001-01-01T00:00:00Z", "not_in_future"),
        ("tomorrow", "invalid_time"),
        ("2999-01-01T00:00:00Z", "lock_too_long"),
    ] {
        let expected = ("/until".to_owned(), code.to_owned());
        assert_eq!(only_error(lock(until).await), expected);
    }
    let pending = create_upload(&ada, "b.txt", 5).await;
    let body = json!({"until": "2090-01-01T00:00:00Z", "password": PASSWORD});
    let early = ada.put(&upload_path(&pending, "/lock"), &body).await;
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
        let ada = app.new_user(ADA).await;
        let upload = store_file(&ada, "a.txt", b"hello").await;
        let (until, seconds) = hours_from_now(1);
        let body = json!({ "until": until });
        ada.put(&upload_path(&upload, "/lock"), &body)
            .await
            .expect(200);
        let held = app.object_lock(&ada.object_key(&upload)).await;
        assert_eq!(held, Some((mode, seconds)));
    }
}

#[tokio::test]
async fn a_lock_cannot_exceed_max_lock_days() {
    let app = TestApp::start_with(&["MaxLockDays=3"]);
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let too_long = lock(&ada, &upload, 73, Some(PASSWORD)).await;
    let expected = ("/until".to_owned(), "lock_too_long".to_owned());
    assert_eq!(only_error(too_long), expected);
    // Both errors are reported.
    let both = lock(&ada, &upload, 73, None).await.expect(422).json();
    let errors = both["errors"].as_array().unwrap().iter();
    let pointers: Vec<_> = errors.map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, ["/until", "/password"]);
    assert_eq!(app.object_lock(&ada.object_key(&upload)).await, None);
    lock(&ada, &upload, 72, Some(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn a_lock_of_more_than_a_day_needs_the_password() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let missing = lock(&ada, &upload, 25, None).await;
    let expected = ("/password".to_owned(), "required".to_owned());
    assert_eq!(only_error(missing), expected);
    assert_eq!(app.lockout(ADA).await, (0, None));

    let refused = lock(&ada, &upload, 25, Some("not the password")).await;
    assert_eq!(refused.expect(401).problem(), "invalid_credentials");
    assert_eq!(app.lockout(ADA).await, (1, None));
    assert_eq!(app.object_lock(&ada.object_key(&upload)).await, None);

    // A lock of a day needs no password.
    lock(&ada, &upload, 24, None).await.expect(200);
    lock(&ada, &upload, 25, Some(PASSWORD)).await.expect(200);
    assert_eq!(app.lockout(ADA).await, (0, None));
}

#[tokio::test]
async fn a_wrong_password_for_a_lock_counts_towards_the_lockout() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    for _ in 0..2 {
        app.sign_in(ADA, "not the password").await.expect(401);
        lock(&ada, &upload, 48, Some("wrong")).await.expect(401);
    }
    lock(&ada, &upload, 48, Some("wrong")).await.expect(401);
    let (failures, until) = app.lockout(ADA).await;
    assert!(failures == 5 && until.is_some(), "{failures} {until:?}");
    // The sixth attempt is refused without a comparison. The lockout of one second could end before it on a slow machine.
    app.set_locked_until(ADA, FAR_FUTURE).await;
    let refused = lock(&ada, &upload, 48, Some(PASSWORD)).await.expect(401);
    assert_eq!(refused.problem(), "invalid_credentials");
    assert_eq!(app.lockout(ADA).await.0, 5);
    // A lock without a password is not affected.
    lock(&ada, &upload, 1, None).await.expect(200);
    app.set_locked_until(ADA, FAR_PAST).await;
    lock(&ada, &upload, 48, Some(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn locks_share_the_password_rate_limit_of_an_address() {
    let app = TestApp::start_with(&["MaxLockDays=30", "RequestsPerAddress=2"]);
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let responses = within_a_minute(async |address| {
        let lock = || {
            let path = upload_path(&upload, "/lock");
            let request = app.request_from(address, Method::PUT, &path);
            request.bearer_auth(&ada.token).json(&json!({}))
        };
        let delete = app.request_from(address, Method::DELETE, "/users/me");
        let mut responses = Vec::new();
        for request in [delete, lock(), lock()] {
            responses.push(Response::to(request).await);
        }
        responses
    })
    .await;
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [401, 422, 429]);
    assert_eq!(responses[2].problem(), "rate_limited");
}

#[tokio::test]
async fn a_disabled_or_deleted_account_cannot_lock_an_upload() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let is_refused = async || {
        for (hours, password) in [(1, None), (48, Some(PASSWORD))] {
            let refused = lock(&ada, &upload, hours, password).await.expect(401);
            assert_eq!(refused.problem(), "invalid_token");
        }
        assert_eq!(app.object_lock(&ada.object_key(&upload)).await, None);
    };
    let path = format!("/admin/users/{}", ada.id);
    let disable = format!("{path}/disable");
    admin.post(&disable, &json!(null)).await.expect(200);
    is_refused().await;
    // The file is still there: its erasure would answer 409.
    app.stop_function("UploadGrantsFunction").await;
    admin.delete(&path, &json!(null)).await.expect(204);
    is_refused().await;
}

#[tokio::test]
async fn a_longer_lock_in_s3_is_not_shortened() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let key = ada.object_key(&upload);
    let until = hours_from_now(48).1;
    app.set_object_lock(&key, ObjectLockRetentionMode::Governance, until)
        .await;
    let refused = lock(&ada, &upload, 2, None).await.expect(409);
    assert_eq!(refused.problem(), "upload_locked");
    let held = app.object_lock(&key).await;
    assert_eq!(held, Some((ObjectLockMode::Governance, until)));
    lock(&ada, &upload, 49, Some(PASSWORD)).await.expect(200);
}

#[tokio::test]
async fn a_lock_without_the_s3_permission_is_a_503_and_is_logged() {
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
    let app = TestApp::start_command(unrecorded(cloakroom_dev(&data)).args(args), &data);
    let ada = app.new_user(ADA).await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let refused = lock(&ada, &upload, 2, None).await.expect(503);
    assert_eq!(refused.problem(), "unavailable");
    assert!(refused.header("retry-after").is_some());
    eventually(async || {
        let log = app.log();
        log.contains("storage_failed") && log.contains("s3:PutObjectRetention")
    })
    .await;
}
