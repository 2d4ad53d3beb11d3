use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{announce, download, path, send, status, store};
use crate::support::{Answer, TestApp, Unsigned, eventually};

/// Runs upload-events as `EventBridge` would.
pub async fn deliver(app: &TestApp, event: &Value) -> Answer {
    invoke(app, event, &[]).await
}

async fn invoke(app: &TestApp, event: &Value, headers: &[(&str, &str)]) -> Answer {
    let url = format!(
        "{}/2015-03-31/functions/UploadEventsFunction/invocations",
        app.endpoint("lambda")
    );
    let request = Unsigned {
        service: "lambda",
        url: &url,
        headers,
        body: &event.to_string(),
    };
    Answer::of(request.sign("local", &app.secret_key("local"))).await
}

/// Runs the reconciler as its schedule would.
pub async fn reconcile_now(app: &TestApp) {
    let answer = deliver(app, &reconcile()).await.expect(200);
    assert_eq!(answer.header("x-amz-function-error"), None);
}

fn created(key: &str) -> Value {
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

fn reconcile() -> Value {
    json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
}

/// Makes an upload due, as time would.
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
    update(app, body).await;
}

pub async fn update(app: &TestApp, body: Value) {
    app.call_engine("dynamodb", "local", "DynamoDB_20120810.UpdateItem", &body)
        .await
        .expect(200);
}

/// Changes an upload's record by hand, as a function leaves it that died half-way.
async fn change(app: &TestApp, owner: &str, upload: &Value, name: &str, value: Value) {
    let body = json!({
        "TableName": "cloakroom-dev-UploadsTable",
        "Key": {"owner": {"S": owner}, "id": {"S": upload["upload"]["id"]}},
        "UpdateExpression": "SET #name = :value",
        "ExpressionAttributeNames": {"#name": name},
        "ExpressionAttributeValues": {":value": value},
    });
    update(app, body).await;
}

#[tokio::test]
async fn what_nobody_completes_is_stored_by_its_event() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let announced = announce(&ada, "a.txt", 5).await;
    send(&announced, "12345").await.expect(200);
    eventually(async || status(&ada, &announced).await == "stored").await;
    let by_event = ada.get(&path(&announced, "")).await.expect(200).json();
    let by_caller = ada
        .post(&path(&announced, "/complete"), &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(by_caller["upload"], by_event["upload"]);
}

#[tokio::test]
async fn events_may_come_twice_late_and_for_nothing() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let announced = announce(&ada, "a.txt", 5).await;
    let key = format!("{}/{}", ada.id, announced["upload"]["id"].as_str().unwrap());
    // Before the bytes: nothing is there yet.
    deliver(&app, &created(&key)).await.expect(200);
    assert_eq!(status(&ada, &announced).await, "pending");
    send(&announced, "12345").await.expect(200);
    for _ in 0..5 {
        deliver(&app, &created(&key)).await.expect(200);
        assert_eq!(status(&ada, &announced).await, "stored");
    }
    ada.delete(&path(&announced, ""), &json!(null))
        .await
        .expect(204);
    deliver(&app, &created(&key)).await.expect(200);
    assert_eq!(status(&ada, &announced).await, "deleted");
    for nothing in [
        "x",
        "a/b",
        "../../etc",
        &format!("{}/x", ada.id),
        &key.replace('7', "8"),
    ] {
        let answer = deliver(&app, &created(nothing)).await.expect(200);
        assert_eq!(answer.header("x-amz-function-error"), None, "{nothing}");
    }
    let unknown = deliver(&app, &json!({"source": "aws.ec2"})).await;
    assert!(unknown.header("x-amz-function-error").is_some());
}

/// The record of an upload.
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
async fn what_a_form_brought_is_looked_at_once_more_when_the_form_has_expired() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
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
    deliver(&app, &reconcile()).await.expect(200);
    assert!(record(&app, &ada.id, id).await["due_at"].is_null());
    assert_eq!(status(&ada, &upload).await, "stored");
}

#[tokio::test]
async fn what_is_deleted_is_looked_for_once_more_when_nothing_of_it_can_come() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let announced = announce(&ada, "a.txt", 5).await;
    ada.delete(&path(&announced, ""), &json!(null))
        .await
        .expect(204);
    let due = async || {
        let id = &announced["upload"]["id"];
        record(&app, &ada.id, id).await["due_at"]["N"]
            .as_str()
            .map(|seconds| seconds.parse::<i64>().unwrap())
    };
    let created = announced["upload"]["createdAt"].as_str().unwrap();
    let created = OffsetDateTime::parse(created, &Rfc3339).unwrap();
    let end = created + time::Duration::minutes(90);
    // In whole seconds, not before it.
    let end = end.unix_timestamp() + i64::from(end.nanosecond() > 0);
    assert_eq!(due().await, Some(end));
    make_due(&app, &ada.id, &announced, Some("2026-01-01T00:00:00Z")).await;
    deliver(&app, &reconcile()).await.expect(200);
    assert_eq!(due().await, None);
}

/// Puts a record into another state by hand, as a function leaves it that is killed before it asks S3.
async fn leave_in(app: &TestApp, owner: &str, upload: &Value, state: &str) {
    change(app, owner, upload, "state", json!({"S": state})).await;
    change(app, owner, upload, "keep_until", json!({"N": "4000000000"})).await;
    change(app, owner, upload, "is_hidden", json!({"BOOL": false})).await;
    make_due(app, owner, upload, None).await;
}

#[tokio::test]
async fn a_restoration_whose_function_is_killed_is_finished() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    for by_reconciler in [true, false] {
        let upload = store(&ada, "a.txt", b"hello").await;
        let versions = ada.get(&path(&upload, "/versions")).await.expect(200);
        let version = json!({"versionId": versions.json()["items"][0]["versionId"]});
        ada.delete(&path(&upload, ""), &json!(null))
            .await
            .expect(204);
        leave_in(&app, &ada.id, &upload, "restoring").await;
        assert_eq!(status(&ada, &upload).await, "deleted");
        if by_reconciler {
            reconcile_now(&app).await;
        } else {
            ada.post(&path(&upload, "/restore"), &version)
                .await
                .expect(200);
        }
        assert_eq!(status(&ada, &upload).await, "stored");
        assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
    }
}

#[tokio::test]
async fn a_deletion_whose_function_is_killed_is_finished() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let shown = ada.get(&path(&upload, "")).await.expect(200).json();
    let url = shown["download"]["url"].as_str().unwrap();
    leave_in(&app, &ada.id, &upload, "kept").await;
    change(&app, &ada.id, &upload, "status", json!({"S": "deleted"})).await;
    let download = async || Answer::of(reqwest::Client::new().get(url)).await.status;
    assert_eq!(download().await, 200);
    reconcile_now(&app).await;
    assert_eq!(download().await, 404);
}

#[tokio::test]
async fn a_kept_file_is_deleted_for_good_when_its_time_is_over() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let versions = ada.get(&path(&upload, "/versions")).await.expect(200);
    let version = json!({"versionId": versions.json()["items"][0]["versionId"]});
    ada.delete(&path(&upload, ""), &json!(null))
        .await
        .expect(204);
    assert_eq!(app.held_of(&ada.id).await, 5);
    change(&app, &ada.id, &upload, "keep_until", json!({"N": "1"})).await;
    make_due(&app, &ada.id, &upload, None).await;
    reconcile_now(&app).await;
    assert_eq!(app.held_of(&ada.id).await, 0);
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    assert_eq!((&usage["used"], &usage["kept"]), (&json!(0), &json!(0)));
    let restored = ada.post(&path(&upload, "/restore"), &version).await;
    assert_eq!(restored.expect(409).problem(), "upload_not_stored");
    assert_eq!(status(&ada, &upload).await, "deleted");
}

/// One owner with thousands of uploads that are due does not keep another one waiting.
#[tokio::test]
async fn owners_are_looked_at_in_turn() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let bob = app.somebody("bob@example.com").await;
    let long_ago = Some("2026-01-01T00:00:00Z");
    for number in 0..300 {
        let upload = announce(&ada, &number.to_string(), 0).await;
        make_due(&app, &ada.id, &upload, long_ago).await;
    }
    let upload = announce(&bob, "b", 5).await;
    make_due(&app, &bob.id, &upload, long_ago).await;
    reconcile_now(&app).await;
    assert_eq!(status(&bob, &upload).await, "failed");
    let open = json!({
        "TableName": "cloakroom-dev-QuotasTable", "Key": {"owner": {"S": ada.id}}, "ConsistentRead": true,
    });
    let open = app.call_engine("dynamodb", "local", "DynamoDB_20120810.GetItem", &open);
    let open = open.await.expect(200).json();
    assert_eq!(open["Item"]["open_uploads"], json!({"N": "0"}));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_no_other_waiting() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let damaged = announce(&ada, "a.txt", 5).await;
    let other = announce(&ada, "b.txt", 5).await;
    let nobody = json!({"upload": {"id": "none"}});
    change(&app, &ada.id, &damaged, "transfer", json!({"S": "x"})).await;
    for (upload, shard) in [(&nobody, "0"), (&damaged, "0"), (&other, "3")] {
        let long_ago = Some("2026-01-01T00:00:00Z");
        make_due(&app, &ada.id, upload, long_ago).await;
        change(&app, &ada.id, upload, "due_shard", json!({"S": shard})).await;
    }
    deliver(&app, &reconcile()).await.expect(200);
    assert_eq!(status(&ada, &other).await, "failed");
    let log = app.log();
    assert!(log.contains("due_unreadable") && log.contains("reconciliation_failed"));
}

#[tokio::test]
async fn a_lost_event_is_made_up_for() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let announced = announce(&ada, "a.txt", 5).await;
    make_due(&app, &ada.id, &announced, None).await;
    deliver(&app, &reconcile()).await.expect(200);
    assert_eq!(status(&ada, &announced).await, "pending");
    send(&announced, "12345").await.expect(200);
    // The event may have been quicker; then nothing is due, and nobody sees a difference.
    make_due(&app, &ada.id, &announced, None).await;
    deliver(&app, &reconcile()).await.expect(200);
    assert_eq!(status(&ada, &announced).await, "stored");
}

#[tokio::test]
async fn what_never_comes_is_given_up_and_makes_room() {
    let app = TestApp::start_with(&["UploadQuotaBytes=5"]);
    let ada = app.somebody("ada@example.com").await;
    let announced = announce(&ada, "a.txt", 5).await;
    make_due(&app, &ada.id, &announced, Some("2026-01-01T00:00:00Z")).await;
    deliver(&app, &reconcile()).await.expect(200);
    assert_eq!(status(&ada, &announced).await, "failed");
    deliver(&app, &reconcile()).await.expect(200);
    announce(&ada, "b.txt", 5).await;
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
            && log.contains("the event would now go to the dead-letter queue")
    })
    .await;
}
