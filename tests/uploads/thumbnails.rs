//! The thumbnails of uploads.

use reqwest::Method;
use serde_json::{Value, json};

use super::{deliver_event, presigned, upload_path, upload_status};
use crate::support::{Response, SignedIn, TestApp, eventually, hours_from_now};

const FILE: &[u8] = b"a large image";
const THUMBNAIL: &[u8] = b"a small image";

/// Announces a file with a thumbnail.
async fn announce(owner: &SignedIn<'_>) -> Value {
    let body = json!({
        "filename": "holiday.jpg", "contentType": "image/jpeg", "size": FILE.len(),
        "thumbnail": {"contentType": "image/webp", "size": THUMBNAIL.len()},
    });
    owner.post("/uploads", &body).await.expect(201).json()
}

async fn send(transfer: &Value, bytes: &[u8]) -> Response {
    Response::to(presigned(transfer, Method::PUT).body(bytes.to_vec())).await
}

/// Announces, sends and completes a file with a thumbnail.
async fn store(owner: &SignedIn<'_>) -> Value {
    let created = announce(owner).await;
    send(&created["thumbnailTransfer"], THUMBNAIL)
        .await
        .expect(200);
    send(&created["transfer"], FILE).await.expect(200);
    let completed = owner
        .post(&upload_path(&created, "/complete"), &json!({}))
        .await;
    completed.expect(200);
    created
}

/// Downloads the thumbnail that a response shows.
async fn download(shown: &Value) -> Response {
    let url = shown["thumbnail"]["url"].as_str().unwrap();
    Response::to(reqwest::Client::new().get(url)).await
}

async fn shown(user: &SignedIn<'_>, upload: &Value) -> Value {
    user.get(&upload_path(upload, "")).await.expect(200).json()
}

/// Waits until the owner uses this many bytes, and so many are kept of what is deleted.
async fn usage(owner: &SignedIn<'_>, used: usize, kept: usize) {
    eventually(async || {
        let usage = owner.get("/uploads/usage").await.expect(200).json();
        usage["used"] == used && usage["kept"] == kept
    })
    .await;
}

async fn delete(owner: &SignedIn<'_>, upload: &Value) {
    let deleted = owner.delete(&upload_path(upload, ""), &json!(null)).await;
    deleted.expect(204);
}

/// Returns the key of an upload's thumbnail.
fn thumbnail_id(upload: &Value) -> String {
    let id = domain::UploadId::parse(upload["upload"]["id"].as_str().unwrap()).unwrap();
    id.thumbnail().to_string()
}

#[tokio::test]
async fn a_thumbnail_is_shown_with_its_upload_and_to_its_readers() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let pending = announce(&ada).await;
    assert!(shown(&ada, &pending).await.get("thumbnail").is_none());
    let upload = store(&ada).await;
    let got = download(&shown(&ada, &upload).await).await.expect(200);
    assert_eq!(got.body, THUMBNAIL);
    assert_eq!(got.header("content-type"), Some("image/webp"));
    assert_eq!(got.header("content-disposition"), Some("attachment"));
    // The file has its own download.
    let url = shown(&ada, &upload).await["download"]["url"].clone();
    let file = Response::to(reqwest::Client::new().get(url.as_str().unwrap())).await;
    assert_eq!(file.body, FILE);

    // Lists have the files and no thumbnails of their own.
    let listed = ada.get("/uploads?limit=2").await.expect(200).json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!((items.len(), &listed["next"]), (2, &json!(null)));
    assert_eq!(download(&items[0]).await.body, THUMBNAIL);
    assert!(items[1].get("thumbnail").is_none(), "{listed}");

    bob.get(&upload_path(&upload, "")).await.expect(404);
    let grant = upload_path(&upload, &format!("/grants/{}", bob.id));
    ada.put(&grant, &json!(null)).await.expect(204);
    assert_eq!(download(&shown(&bob, &upload).await).await.body, THUMBNAIL);
    let shared = bob.get("/uploads?shared=with-me").await.expect(200).json();
    assert_eq!(download(&shared["items"][0]).await.body, THUMBNAIL);
}

#[tokio::test]
async fn a_thumbnail_is_reached_only_through_its_upload() {
    let app = TestApp::start_with(&["MaxLockDays=30"]);
    let ada = app.new_user("ada@example.com").await;
    let upload = store(&ada).await;
    let thumbnail = thumbnail_id(&upload);
    let until = json!({"until": hours_from_now(1).0});
    for (method, rest, body) in [
        (Method::GET, "", json!(null)),
        (Method::DELETE, "", json!(null)),
        (Method::POST, "/complete", json!({})),
        (Method::GET, "/versions", json!(null)),
        (Method::POST, "/restore", json!({"versionId": "x"})),
        (Method::PUT, "/lock", until),
        (Method::PUT, "/grants/everyone", json!(null)),
    ] {
        let path = format!("/uploads/{thumbnail}{rest}");
        let refused = Response::to(ada.request(method.clone(), &path).json(&body)).await;
        assert_eq!(refused.status, 404, "{method} {rest}");
    }
    assert_eq!(download(&shown(&ada, &upload).await).await.body, THUMBNAIL);
}

#[tokio::test]
async fn s3_refuses_a_thumbnail_that_differs_from_its_announcement() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = announce(&ada).await;
    let transfer = &created["thumbnailTransfer"];
    send(transfer, b"another image, which is longer")
        .await
        .expect(403);
    let put = reqwest::Client::new().put(transfer["url"].as_str().unwrap());
    let html = put.header("content-type", "text/html").body(THUMBNAIL);
    Response::to(html).await.expect(403);
    send(transfer, THUMBNAIL).await.expect(200);
    // A stored thumbnail is not replaced.
    send(transfer, THUMBNAIL).await.expect(412);
}

#[tokio::test]
async fn an_invalid_thumbnail_is_a_422() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for (thumbnail, pointer, code) in [
        (
            json!({"contentType": "image/svg+xml", "size": 1}),
            "/thumbnail/contentType",
            "invalid_content_type",
        ),
        (
            json!({"contentType": "image/webp", "size": 0}),
            "/thumbnail/size",
            "invalid_size",
        ),
        (
            json!({"contentType": "image/webp", "size": 65_537}),
            "/thumbnail/size",
            "invalid_size",
        ),
        (
            json!({"contentType": "image/webp"}),
            "/thumbnail/size",
            "required",
        ),
        (
            json!({"contentType": "image/webp", "size": 1, "sha256": "x"}),
            "/thumbnail/sha256",
            "unknown_field",
        ),
    ] {
        let body = json!({"filename": "a.jpg", "contentType": "image/jpeg", "size": 5, "thumbnail": thumbnail});
        let refused = ada.post("/uploads", &body).await.expect(422);
        assert_eq!(refused.problem(), "validation_failed");
        let error = &refused.json()["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(pointer), &json!(code))
        );
    }
}

#[tokio::test]
async fn a_thumbnail_is_charged_hidden_and_restored_with_its_file() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let all = FILE.len() + THUMBNAIL.len();
    let upload = store(&ada).await;
    usage(&ada, all, 0).await;
    let url = shown(&ada, &upload).await["thumbnail"].clone();
    let versions = ada.get(&upload_path(&upload, "/versions")).await.json();
    delete(&ada, &upload).await;
    usage(&ada, 0, all).await;
    assert_eq!(download(&json!({ "thumbnail": url })).await.status, 404);
    assert!(shown(&ada, &upload).await.get("thumbnail").is_none());

    let version = json!({"versionId": versions["items"][0]["versionId"]});
    let restored = ada.post(&upload_path(&upload, "/restore"), &version).await;
    restored.expect(200);
    usage(&ada, all, 0).await;
    assert_eq!(download(&shown(&ada, &upload).await).await.body, THUMBNAIL);
    assert_eq!(app.stored_bytes(&ada.id).await, u64::try_from(all).unwrap());
}

/// A deletion can come before the event of S3 for the thumbnail.
#[tokio::test]
async fn a_thumbnail_whose_event_is_late_is_kept_and_restored_with_its_file() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let all = FILE.len() + THUMBNAIL.len();
    app.stop_function("UploadEventsFunction").await;
    let upload = store(&ada).await;
    let versions = ada.get(&upload_path(&upload, "/versions")).await.json();
    delete(&ada, &upload).await;
    usage(&ada, 0, all).await;
    app.start_function("UploadEventsFunction").await;
    app.settled().await;
    usage(&ada, 0, all).await;

    let version = json!({"versionId": versions["items"][0]["versionId"]});
    let restored = ada.post(&upload_path(&upload, "/restore"), &version).await;
    restored.expect(200);
    usage(&ada, all, 0).await;
    assert_eq!(download(&shown(&ada, &upload).await).await.body, THUMBNAIL);
}

#[tokio::test]
async fn a_thumbnail_is_deleted_for_good_with_its_file() {
    // There is room for one file, and none to keep another.
    let app = TestApp::start_with(&["UploadQuotaBytes=30"]);
    let ada = app.new_user("ada@example.com").await;
    let all = FILE.len() + THUMBNAIL.len();
    let first = store(&ada).await;
    delete(&ada, &first).await;
    usage(&ada, 0, all).await;
    let second = store(&ada).await;
    delete(&ada, &second).await;
    assert_eq!(upload_status(&ada, &second).await, "deleted");
    usage(&ada, 0, all).await;
    assert_eq!(app.stored_bytes(&ada.id).await, u64::try_from(all).unwrap());

    // A cancelled upload leaves no thumbnail.
    let cancelled = announce(&ada).await;
    let sent = send(&cancelled["thumbnailTransfer"], THUMBNAIL).await;
    sent.expect(200);
    delete(&ada, &cancelled).await;
    usage(&ada, 0, all).await;
    assert_eq!(app.stored_bytes(&ada.id).await, u64::try_from(all).unwrap());
}

#[tokio::test]
async fn the_file_and_its_thumbnail_are_created_together_or_not_at_all() {
    let app = TestApp::start_with(&["UploadQuotaBytes=20"]);
    let ada = app.new_user("ada@example.com").await;
    let body = |thumbnail: usize| {
        json!({
            "filename": "a.jpg", "contentType": "image/jpeg", "size": 15,
            "thumbnail": {"contentType": "image/png", "size": thumbnail},
        })
    };
    let create = async |thumbnail: usize| {
        let request = ada.request(Method::POST, "/uploads");
        let request = request.header("idempotency-key", "one");
        Response::to(request.json(&body(thumbnail))).await
    };
    assert_eq!(create(6).await.expect(409).problem(), "quota_exceeded");
    usage(&ada, 0, 0).await;
    // A repeated request gets the same response, and another thumbnail is another request.
    let created = create(5).await.expect(201);
    assert_eq!(create(5).await.expect(201).body, created.body);
    let other = create(4).await.expect(422);
    assert_eq!(other.problem(), "idempotency_key_reused");
    usage(&ada, 20, 0).await;
}

/// A request that was killed between the two deletions leaves the thumbnail.
#[tokio::test]
async fn the_repair_deletes_a_thumbnail_without_its_file() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let (kept, upload) = (store(&ada).await, store(&ada).await);
    let all = FILE.len() + THUMBNAIL.len();
    usage(&ada, 2 * all, 0).await;
    let id = json!({"S": upload["upload"]["id"]});
    let key = json!({"owner": {"S": ada.id}, "id": id});
    let record = app.get_item("Uploads", &key).await;
    assert_eq!(record["thumbnail"], json!({"S": "image/webp"}));
    // Without the attribute, the deletion does not find the thumbnail.
    app.update_item("Uploads", &key, "REMOVE thumbnail", &json!(null))
        .await;
    delete(&ada, &upload).await;
    usage(&ada, all + THUMBNAIL.len(), FILE.len()).await;
    let repair = json!({"source": "cloakroom", "detail-type": "Repair", "detail": {}});
    deliver_event(&app, &repair).await.expect(200);
    usage(&ada, all, FILE.len()).await;
    let bytes = u64::try_from(all + FILE.len()).unwrap();
    assert_eq!(app.stored_bytes(&ada.id).await, bytes);
    assert_eq!(download(&shown(&ada, &kept).await).await.body, THUMBNAIL);
}
