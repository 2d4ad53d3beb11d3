//! The daily repair: compares S3, records and counters, and corrects differences.

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use super::{
    create_upload, download,
    events::{deliver_event, update_item},
    store_file, upload_path, upload_status,
};
use crate::support::TestApp;

/// Runs the repair as its schedule does.
pub async fn run_repair(app: &TestApp) -> Value {
    let event = json!({"source": "cloakroom", "detail-type": "Repair", "detail": {}});
    let response = deliver_event(app, &event).await.expect(200);
    assert_eq!(response.header("x-amz-function-error"), None);
    json!(null)
}

/// Sets the counters of an owner.
async fn set_counters(app: &TestApp, owner: &str, used: u64, kept: u64) {
    let body = json!({
        "TableName": "cloakroom-dev-QuotasTable", "Key": {"owner": {"S": owner}},
        "UpdateExpression": "SET used = :used, kept = :kept, open_uploads = :used",
        "ExpressionAttributeValues": {":used": {"N": used.to_string()}, ":kept": {"N": kept.to_string()}},
    });
    update_item(app, body).await;
}

#[tokio::test]
async fn the_repair_corrects_drifted_counters() {
    let app = TestApp::start_with(&["LogLevel=info"]);
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    store_file(&ada, "a.txt", b"hello").await;
    let deleted = store_file(&ada, "b.txt", b"bye").await;
    ada.delete(&upload_path(&deleted, ""), &json!(null))
        .await
        .expect(204);
    create_upload(&ada, "c.txt", 7).await;
    store_file(&bob, "a.txt", b"right").await;
    set_counters(&app, &ada.id, 1000, 0).await;
    run_repair(&app).await;
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    assert_eq!((&usage["used"], &usage["kept"]), (&json!(12), &json!(3)));
    let usage = bob.get("/uploads/usage").await.expect(200).json();
    assert_eq!((&usage["used"], &usage["kept"]), (&json!(5), &json!(0)));
    let log = app.log_with(&["used_drift"]).await;
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
async fn the_repair_deletes_surplus_versions_and_orphaned_objects() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
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
    run_repair(&app).await;
    assert_eq!(app.stored_bytes(&ada.id).await, 5);
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
}

#[tokio::test]
async fn a_file_lost_in_s3_stops_counting_against_the_quota() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let key = format!("{}/{}", ada.id, upload["upload"]["id"].as_str().unwrap());
    for version in app.version_ids(&key).await {
        let s3 = app.s3("local");
        let delete = s3.delete_object().bucket(app.bucket()).key(&key);
        delete.version_id(version).send().await.unwrap();
    }
    run_repair(&app).await;
    assert_eq!(upload_status(&ada, &upload).await, "deleted");
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    assert_eq!(usage["used"], 0);
}

/// A delete marker hides a stored file when S3 executes the request of a killed function late.
#[tokio::test]
async fn the_repair_removes_a_stray_delete_marker() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let key = format!("{}/{}", ada.id, upload["upload"]["id"].as_str().unwrap());
    let s3 = app.s3("local");
    let hide = s3.delete_object().bucket(app.bucket()).key(&key).send();
    hide.await.unwrap();
    assert_eq!(download(&ada, &upload).await.status, 404);
    run_repair(&app).await;
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
}
