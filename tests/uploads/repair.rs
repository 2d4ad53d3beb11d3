//! The daily repair: S3, records and counters are compared, and what differs is brought in line.

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use super::{
    announce, download,
    events::{deliver, update},
    path, status, store,
};
use crate::support::TestApp;

async fn repair(app: &TestApp) -> Value {
    let event = json!({"source": "cloakroom", "detail-type": "Repair", "detail": {}});
    let answer = deliver(app, &event).await.expect(200);
    assert_eq!(answer.header("x-amz-function-error"), None);
    json!(null)
}

/// Sets an owner's counters to something wrong.
async fn miscount(app: &TestApp, owner: &str, used: u64, kept: u64) {
    let body = json!({
        "TableName": "cloakroom-dev-QuotasTable", "Key": {"owner": {"S": owner}},
        "UpdateExpression": "SET used = :used, kept = :kept, open_uploads = :used",
        "ExpressionAttributeValues": {":used": {"N": used.to_string()}, ":kept": {"N": kept.to_string()}},
    });
    update(app, body).await;
}

#[tokio::test]
async fn counters_that_drifted_are_counted_again() {
    let app = TestApp::start_with(&["LogLevel=info"]);
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    store(&ada, "a.txt", b"hello").await;
    let deleted = store(&ada, "b.txt", b"bye").await;
    ada.delete(&path(&deleted, ""), &json!(null))
        .await
        .expect(204);
    announce(&ada, "c.txt", 7).await;
    store(&bob, "a.txt", b"right").await;
    miscount(&app, &ada.id, 1000, 0).await;
    repair(&app).await;
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    assert_eq!((&usage["used"], &usage["kept"]), (&json!(12), &json!(3)));
    let usage = bob.get("/uploads/usage").await.expect(200).json();
    assert_eq!((&usage["used"], &usage["kept"]), (&json!(5), &json!(0)));
    let log = app.log();
    let line = log
        .lines()
        .rfind(|line| line.contains("used_drift"))
        .unwrap();
    assert!(
        line.contains("988") && line.contains("kept_drift"),
        "{line}"
    );
}

#[tokio::test]
async fn what_belongs_to_no_file_is_deleted() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let (s3, key) = (
        app.s3("local"),
        format!("{}/{}", ada.id, upload["upload"]["id"].as_str().unwrap()),
    );
    let orphan = format!("{}/01994f6a-9c00-7000-8000-000000000001", ada.id);
    for key in [&key, &orphan, &orphan] {
        let body = ByteStream::from_static(b"surplus");
        let put = s3
            .put_object()
            .bucket(app.bucket())
            .key(key)
            .body(body)
            .send();
        put.await.unwrap();
    }
    repair(&app).await;
    assert_eq!(app.stored_bytes(&ada.id).await, 5);
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
}

#[tokio::test]
async fn a_file_that_s3_has_lost_is_charged_no_longer() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let key = format!("{}/{}", ada.id, upload["upload"]["id"].as_str().unwrap());
    for version in app.version_ids(&key).await {
        let s3 = app.s3("local");
        let delete = s3.delete_object().bucket(app.bucket()).key(&key);
        delete.version_id(version).send().await.unwrap();
    }
    repair(&app).await;
    assert_eq!(status(&ada, &upload).await, "deleted");
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    assert_eq!(usage["used"], 0);
}

/// A file that a delete marker hides although it is stored, as a function leaves it whose request S3 carried out late.
#[tokio::test]
async fn a_file_that_is_hidden_by_mistake_is_shown() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let key = format!("{}/{}", ada.id, upload["upload"]["id"].as_str().unwrap());
    let s3 = app.s3("local");
    let hide = s3.delete_object().bucket(app.bucket()).key(&key).send();
    hide.await.unwrap();
    assert_eq!(download(&ada, &upload).await.status, 404);
    repair(&app).await;
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
}
