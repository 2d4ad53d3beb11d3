//! Uploads after S3 events and after runs of the reconciler.

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{create_upload, download, send_file, store_file, upload_path, upload_status};
use crate::support::{Response, TestApp, eventually, rounds};

/// Invokes the function upload-events as `EventBridge` does.
pub async fn deliver_event(app: &TestApp, event: &Value) -> Response {
    invoke(app, event, &[]).await
}

async fn invoke(app: &TestApp, event: &Value, headers: &[(&str, &str)]) -> Response {
    app.invoke_function("UploadEventsFunction", event, headers)
        .await
}

/// Runs the reconciler as its schedule does.
pub async fn run_reconciler(app: &TestApp) {
    let response = deliver_event(app, &schedule_event()).await.expect(200);
    assert_eq!(response.header("x-amz-function-error"), None);
}

/// The event that S3 sends for a new object.
pub fn object_created_event(key: &str) -> Value {
    json!({
        "version": "0", "id": "2d4eba74-fd51-3966-4bfa-b013c9da8ff1", "detail-type": "Object Created",
        "source": "aws.s3", "account": "000000000000", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
        "resources": ["arn:aws:s3:::uploads"],
        "detail": {
            "version": "0", "bucket": {"name": "uploads"},
            "object": {"key": key, "size": 5, "etag": "0", "version-id": "x", "sequencer": "00"},
            "request-id": "0", "requester": "0", "source-ip-address": "127.0.0.1", "reason": "PutObject",
        },
    })
}

/// The event of the reconciler's schedule.
fn schedule_event() -> Value {
    json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
}

/// Makes an upload due for the reconciler, and sets its creation time if given.
pub async fn make_due(app: &TestApp, owner: &str, upload: &Value, created_at: Option<&str>) {
    let mut body = json!({
        "TableName": "cloakroom-dev-UploadsTable",
        "Key": {"owner": {"S": owner}, "id": upload["upload"]["id"].as_str().map(|id| json!({"S": id}))},
        "UpdateExpression": "SET due_at = :past, due_shard = if_not_exists(due_shard, :shard)",
        "ExpressionAttributeValues": {":past": {"N": "1"}, ":shard": {"S": "0"}},
    });
    if let Some(created_at) = created_at {
        body["UpdateExpression"] = json!(
            "SET due_at = :past, due_shard = if_not_exists(due_shard, :shard), created_at = :created"
        );
        body["ExpressionAttributeValues"][":created"] = json!({"S": created_at});
    }
    update_item(app, body).await;
}

/// Updates an item with the operator's key.
pub async fn update_item(app: &TestApp, body: Value) {
    app.call_engine("dynamodb", "local", "DynamoDB_20120810.UpdateItem", &body)
        .await
        .expect(200);
}

/// Sets an attribute of an upload's record, as an interrupted function leaves it.
async fn set_attribute(app: &TestApp, owner: &str, upload: &Value, name: &str, value: Value) {
    let body = json!({
        "TableName": "cloakroom-dev-UploadsTable",
        "Key": {"owner": {"S": owner}, "id": {"S": upload["upload"]["id"]}},
        "UpdateExpression": "SET #name = :value",
        "ExpressionAttributeNames": {"#name": name},
        "ExpressionAttributeValues": {":value": value},
    });
    update_item(app, body).await;
}

#[tokio::test]
async fn an_upload_without_a_completion_is_stored_by_its_s3_event() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "a.txt", 5).await;
    send_file(&created, "12345").await.expect(200);
    eventually(async || upload_status(&ada, &created).await == "stored").await;
    let by_event = ada.get(&upload_path(&created, "")).await.expect(200).json();
    let by_caller = ada
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(by_caller["upload"], by_event["upload"]);
}

#[tokio::test]
async fn repeated_late_and_unknown_events_are_harmless() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "a.txt", 5).await;
    let key = format!("{}/{}", ada.id, created["upload"]["id"].as_str().unwrap());
    // The event arrives before the bytes.
    deliver_event(&app, &object_created_event(&key))
        .await
        .expect(200);
    assert_eq!(upload_status(&ada, &created).await, "pending");
    send_file(&created, "12345").await.expect(200);
    for _ in 0..5 {
        deliver_event(&app, &object_created_event(&key))
            .await
            .expect(200);
        assert_eq!(upload_status(&ada, &created).await, "stored");
    }
    ada.delete(&upload_path(&created, ""), &json!(null))
        .await
        .expect(204);
    deliver_event(&app, &object_created_event(&key))
        .await
        .expect(200);
    assert_eq!(upload_status(&ada, &created).await, "deleted");
    for unknown in [
        "x",
        "a/b",
        "../../etc",
        &format!("{}/x", ada.id),
        &key.replace('7', "8"),
    ] {
        let response = deliver_event(&app, &object_created_event(unknown))
            .await
            .expect(200);
        assert_eq!(response.header("x-amz-function-error"), None, "{unknown}");
    }
    let unsupported = deliver_event(&app, &json!({"source": "aws.ec2"})).await;
    assert!(unsupported.header("x-amz-function-error").is_some());
}

/// Reads the record of an upload.
async fn record(app: &TestApp, owner: &str, id: &Value) -> Value {
    let body = json!({
        "TableName": "cloakroom-dev-UploadsTable",
        "Key": {"owner": {"S": owner}, "id": {"S": id}},
        "ConsistentRead": true,
    });
    let item = app.call_engine("dynamodb", "local", "DynamoDB_20120810.GetItem", &body);
    item.await.expect(200).json()["Item"].clone()
}

#[tokio::test]
async fn an_upload_from_a_form_is_checked_again_after_the_form_expires() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let form = ada.get("/s3/params?filename=a.txt").await.expect(200);
    super::companion::submit(&form.json(), b"hello")
        .await
        .expect(201);
    let uploads = async || ada.get("/uploads").await.expect(200).json()["items"][0].clone();
    eventually(async || uploads().await["status"] == "stored").await;
    let upload = json!({"upload": uploads().await});
    let id = &upload["upload"]["id"];
    assert!(record(&app, &ada.id, id).await["due_at"].is_object());
    make_due(&app, &ada.id, &upload, Some("2026-01-01T00:00:00Z")).await;
    deliver_event(&app, &schedule_event()).await.expect(200);
    assert!(record(&app, &ada.id, id).await["due_at"].is_null());
    assert_eq!(upload_status(&ada, &upload).await, "stored");
}

#[tokio::test]
async fn a_deleted_upload_is_checked_again_after_its_urls_expire() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "a.txt", 5).await;
    ada.delete(&upload_path(&created, ""), &json!(null))
        .await
        .expect(204);
    let due = async || {
        let id = &created["upload"]["id"];
        record(&app, &ada.id, id).await["due_at"]["N"]
            .as_str()
            .map(|seconds| seconds.parse::<i64>().unwrap())
    };
    let created_at = created["upload"]["createdAt"].as_str().unwrap();
    let created_at = OffsetDateTime::parse(created_at, &Rfc3339).unwrap();
    let end = created_at + time::Duration::minutes(90);
    // In whole seconds, rounded up.
    let end = end.unix_timestamp() + i64::from(end.nanosecond() > 0);
    assert_eq!(due().await, Some(end));
    make_due(&app, &ada.id, &created, Some("2026-01-01T00:00:00Z")).await;
    deliver_event(&app, &schedule_event()).await.expect(200);
    assert_eq!(due().await, None);
}

/// Sets the state of a record, as a function leaves it that is killed before it calls S3.
async fn set_state(app: &TestApp, owner: &str, upload: &Value, state: &str) {
    // The state is last: the relay cannot read a state without its time, and tries again until it can.
    set_attribute(app, owner, upload, "keep_until", json!({"N": "4000000000"})).await;
    set_attribute(app, owner, upload, "is_hidden", json!({"BOOL": false})).await;
    set_attribute(app, owner, upload, "state", json!({"S": state})).await;
    make_due(app, owner, upload, None).await;
}

#[tokio::test]
async fn a_restore_interrupted_by_a_kill_is_finished() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for by_reconciler in [true, false] {
        let upload = store_file(&ada, "a.txt", b"hello").await;
        // The event of S3 would finish what is interrupted.
        app.settled().await;
        let versions = ada
            .get(&upload_path(&upload, "/versions"))
            .await
            .expect(200);
        let version = json!({"versionId": versions.json()["items"][0]["versionId"]});
        ada.delete(&upload_path(&upload, ""), &json!(null))
            .await
            .expect(204);
        set_state(&app, &ada.id, &upload, "restoring").await;
        assert_eq!(upload_status(&ada, &upload).await, "deleted");
        if by_reconciler {
            run_reconciler(&app).await;
        } else {
            ada.post(&upload_path(&upload, "/restore"), &version)
                .await
                .expect(200);
        }
        assert_eq!(upload_status(&ada, &upload).await, "stored");
        assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
    }
}

#[tokio::test]
async fn a_deletion_interrupted_by_a_kill_is_finished() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for by_reconciler in [true, false] {
        let upload = store_file(&ada, "a.txt", b"hello").await;
        let shown = ada.get(&upload_path(&upload, "")).await.expect(200).json();
        let url = shown["download"]["url"].as_str().unwrap();
        // The event of S3 would finish what is interrupted.
        app.settled().await;
        set_attribute(&app, &ada.id, &upload, "status", json!({"S": "deleted"})).await;
        set_state(&app, &ada.id, &upload, "kept").await;
        let download = async || Response::to(reqwest::Client::new().get(url)).await.status;
        assert_eq!(download().await, 200);
        if by_reconciler {
            run_reconciler(&app).await;
        } else {
            let key = format!("{}/{}", ada.id, upload["upload"]["id"].as_str().unwrap());
            deliver_event(&app, &object_created_event(&key))
                .await
                .expect(200);
        }
        assert_eq!(download().await, 404);
    }
}

#[tokio::test]
async fn a_kept_file_is_removed_from_s3_when_its_keep_time_ends() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let versions = ada
        .get(&upload_path(&upload, "/versions"))
        .await
        .expect(200);
    let version = json!({"versionId": versions.json()["items"][0]["versionId"]});
    ada.delete(&upload_path(&upload, ""), &json!(null))
        .await
        .expect(204);
    assert_eq!(app.stored_bytes(&ada.id).await, 5);
    set_attribute(&app, &ada.id, &upload, "keep_until", json!({"N": "1"})).await;
    make_due(&app, &ada.id, &upload, None).await;
    run_reconciler(&app).await;
    assert_eq!(app.stored_bytes(&ada.id).await, 0);
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    assert_eq!((&usage["used"], &usage["kept"]), (&json!(0), &json!(0)));
    let restored = ada.post(&upload_path(&upload, "/restore"), &version).await;
    assert_eq!(restored.expect(409).problem(), "upload_not_stored");
    assert_eq!(upload_status(&ada, &upload).await, "deleted");
}

/// An owner with many due uploads does not delay another owner.
#[tokio::test]
async fn the_reconciler_takes_owners_in_turn() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let long_ago = Some("2026-01-01T00:00:00Z");
    for number in 0..rounds(40, 300) {
        let upload = create_upload(&ada, &number.to_string(), 0).await;
        make_due(&app, &ada.id, &upload, long_ago).await;
    }
    let upload = create_upload(&bob, "b", 5).await;
    make_due(&app, &bob.id, &upload, long_ago).await;
    run_reconciler(&app).await;
    assert_eq!(upload_status(&bob, &upload).await, "failed");
    let open = json!({
        "TableName": "cloakroom-dev-QuotasTable", "Key": {"owner": {"S": ada.id}}, "ConsistentRead": true,
    });
    let open = app.call_engine("dynamodb", "local", "DynamoDB_20120810.GetItem", &open);
    let open = open.await.expect(200).json();
    assert_eq!(open["Item"]["open_uploads"], json!({"N": "0"}));
}

#[tokio::test]
async fn an_unreadable_record_does_not_block_others() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let damaged = create_upload(&ada, "a.txt", 5).await;
    let other = create_upload(&ada, "b.txt", 5).await;
    let missing = json!({"upload": {"id": "none"}});
    set_attribute(&app, &ada.id, &damaged, "transfer", json!({"S": "x"})).await;
    for (upload, shard) in [(&missing, "0"), (&damaged, "0"), (&other, "3")] {
        let long_ago = Some("2026-01-01T00:00:00Z");
        make_due(&app, &ada.id, upload, long_ago).await;
        set_attribute(&app, &ada.id, upload, "due_shard", json!({"S": shard})).await;
    }
    deliver_event(&app, &schedule_event()).await.expect(200);
    assert_eq!(upload_status(&ada, &other).await, "failed");
    app.log_with(&["due_unreadable", "reconciliation_failed"])
        .await;
}

#[tokio::test]
async fn the_reconciler_stores_an_upload_whose_event_was_lost() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "a.txt", 5).await;
    make_due(&app, &ada.id, &created, None).await;
    deliver_event(&app, &schedule_event()).await.expect(200);
    assert_eq!(upload_status(&ada, &created).await, "pending");
    send_file(&created, "12345").await.expect(200);
    // If the event arrived first, the reconciler has nothing to do, and the result is the same.
    make_due(&app, &ada.id, &created, None).await;
    deliver_event(&app, &schedule_event()).await.expect(200);
    assert_eq!(upload_status(&ada, &created).await, "stored");
}

#[tokio::test]
async fn an_upload_that_never_arrives_fails_and_frees_its_quota() {
    let app = TestApp::start_with(&["UploadQuotaBytes=5"]);
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "a.txt", 5).await;
    make_due(&app, &ada.id, &created, Some("2026-01-01T00:00:00Z")).await;
    deliver_event(&app, &schedule_event()).await.expect(200);
    assert_eq!(upload_status(&ada, &created).await, "failed");
    deliver_event(&app, &schedule_event()).await.expect(200);
    create_upload(&ada, "b.txt", 5).await;
}

#[tokio::test]
async fn an_event_that_fails_for_good_goes_to_the_dead_letters() {
    let app = TestApp::start();
    let unknown = json!({"source": "cloakroom.test", "detail-type": "Unknown", "detail": {}});
    let later = [("x-amz-invocation-type", "Event")];
    invoke(&app, &unknown, &later).await.expect(202);
    eventually(async || {
        let log = app.log();
        log.contains("upload-events failed")
            && log.contains(
                "the event is now in the dead-letter queue cloakroom-dev-UploadEventsDeadLetters",
            )
    })
    .await;
}
