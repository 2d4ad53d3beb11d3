//! Limits on the bytes that one user can store: the quota for current files, and as much again for kept deleted files.

use serde_json::{Value, json};

use super::{
    MIB, companion::submit, create_upload, presigned, send_file, store_file, upload_path,
    upload_status,
};
use crate::support::{Response, SignedIn, TestApp, eventually, rounds};

const QUOTA: usize = 6 * MIB;

/// Returns the counters `used` and `kept`.
async fn usage(owner: &SignedIn<'_>) -> (u64, u64) {
    let usage = owner.get("/uploads/usage").await.expect(200).json();
    let number = |name: &str| usage[name].as_u64().unwrap();
    (number("used"), number("kept"))
}

/// Waits until S3 stores the counted bytes, asserts that both counters are within the quota, and returns them.
async fn wait_for_counted_bytes(app: &TestApp, owner: &SignedIn<'_>) -> (u64, u64) {
    eventually(async || {
        let (used, kept) = usage(owner).await;
        app.stored_bytes(&owner.id).await == used + kept
    })
    .await;
    let (used, kept) = usage(owner).await;
    assert!(
        used <= QUOTA as u64 && kept <= QUOTA as u64,
        "{used}, {kept}"
    );
    (used, kept)
}

fn start() -> TestApp {
    TestApp::start_with(&[&format!("UploadQuotaBytes={QUOTA}")])
}

#[tokio::test]
async fn repeated_restores_store_no_more_bytes() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.bin", &vec![7; 5 * MIB]).await;
    let versions = ada
        .get(&upload_path(&upload, "/versions"))
        .await
        .expect(200);
    let version = json!({"versionId": versions.json()["items"][0]["versionId"]});
    for _ in 0..10 {
        ada.delete(&upload_path(&upload, ""), &json!(null))
            .await
            .expect(204);
        assert_eq!(usage(&ada).await, (0, 5 * MIB as u64));
        for _ in 0..3 {
            ada.post(&upload_path(&upload, "/restore"), &version)
                .await
                .expect(200);
        }
        assert_eq!(
            wait_for_counted_bytes(&app, &ada).await,
            (5 * MIB as u64, 0)
        );
    }
}

#[tokio::test]
async fn a_form_submitted_eight_times_stores_one_file() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    let form = ada
        .get("/s3/params?filename=a.bin")
        .await
        .expect(200)
        .json();
    for round in 0..rounds(3, 8) {
        submit(&form, &vec![round; 5 * MIB]).await.expect(201);
    }
    eventually(async || {
        let listed = ada.get("/uploads").await.expect(200).json();
        listed["items"][0]["status"] == "stored"
    })
    .await;
    assert_eq!(
        wait_for_counted_bytes(&app, &ada).await,
        (5 * MIB as u64, 0)
    );
}

#[tokio::test]
async fn parts_of_open_uploads_stay_within_the_quota() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    let body = json!({"filename": "film.mp4", "type": "video/mp4"});
    let (mut started, mut refused) = (Vec::new(), 0);
    for _ in 0..30 {
        let response = ada.post("/s3/multipart", &body).await;
        if response.status == 200 {
            started.push(response.json());
        } else {
            assert_eq!(response.expect(409).problem(), "quota_exceeded");
            refused += 1;
        }
    }
    // The first upload reserves the whole quota.
    assert_eq!((started.len(), refused), (1, 29));
    let (id, key) = (
        started[0]["uploadId"].as_str().unwrap(),
        started[0]["key"].as_str().unwrap(),
    );
    let sign = async |number: u16| {
        ada.get(&format!("/s3/multipart/{id}/{number}?key={key}"))
            .await
    };
    let put = async |signed: &Value, bytes: usize| {
        let put = reqwest::Client::new().put(signed["url"].as_str().unwrap());
        Response::to(put.body(vec![0; bytes])).await.expect(200);
    };
    let first = sign(1).await.expect(200).json();
    let second = sign(2).await.expect(200).json();
    // The length of a part is not signed, because the widget does not send it. The next request for a signature measures.
    put(&first, 5 * MIB).await;
    put(&second, 5 * MIB).await;
    assert_eq!(sign(3).await.expect(409).problem(), "quota_exceeded");
    assert_eq!(sign(3).await.expect(409).problem(), "upload_not_pending");
    assert_eq!(wait_for_counted_bytes(&app, &ada).await, (0, 0));
}

/// A completion without some of the parts does not release their charge.
#[tokio::test]
async fn parts_missing_from_a_completion_stay_charged() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    let body = json!({"filename": "film.mp4", "type": "video/mp4"});
    let started = ada.post("/s3/multipart", &body).await.expect(200).json();
    let (id, key) = (
        started["uploadId"].as_str().unwrap(),
        started["key"].as_str().unwrap(),
    );
    let mut parts = Vec::new();
    for (number, size) in [(1, 1), (2, 5 * MIB)] {
        let path = format!("/s3/multipart/{id}/{number}?key={key}");
        let signed = ada.get(&path).await.expect(200).json();
        let put = reqwest::Client::new().put(signed["url"].as_str().unwrap());
        let sent = Response::to(put.body(vec![0; size])).await.expect(200);
        parts.push(json!({"PartNumber": number, "ETag": sent.header("etag").unwrap()}));
    }
    let path = format!("/s3/multipart/{id}/complete?key={key}");
    // S3 refuses a first part this small before another part.
    let refused = ada.post(&path, &json!({"parts": parts})).await.expect(409);
    assert_eq!(refused.problem(), "upload_incomplete");
    assert_eq!(usage(&ada).await, (5 * MIB as u64 + 1, 0));
    ada.post(&path, &json!({"parts": [parts[1]]}))
        .await
        .expect(200);
    assert_eq!(
        wait_for_counted_bytes(&app, &ada).await,
        (5 * MIB as u64, 0)
    );
}

/// Parts are signed while a completion is running.
#[tokio::test]
async fn signing_parts_during_a_completion_does_not_break_it() {
    let app = std::rc::Rc::new(TestApp::start());
    let ada = app.new_user("ada@example.com").await;
    let body = json!({"filename": "film.mp4", "type": "video/mp4"});
    for _ in 0..10 {
        let started = ada.post("/s3/multipart", &body).await.expect(200).json();
        let (id, key) = (
            started["uploadId"].as_str().unwrap().to_owned(),
            started["key"].as_str().unwrap().to_owned(),
        );
        let base = format!("/s3/multipart/{id}");
        let signed = ada.get(&format!("{base}/1?key={key}")).await.expect(200);
        let put = reqwest::Client::new().put(signed.json()["url"].as_str().unwrap());
        let sent = Response::to(put.body(vec![0; 1000])).await.expect(200);
        let parts = json!({"parts": [{"PartNumber": 1, "ETag": sent.header("etag").unwrap()}]});
        let complete = format!("{base}/complete?key={key}");
        let token = ada.token.clone();
        let requests = (0..6).map(|number| {
            let (app, token, parts) = (std::rc::Rc::clone(&app), token.clone(), parts.clone());
            let (complete, batch) = (
                complete.clone(),
                format!("{base}/batch?key={key}&partNumbers=1,2,3,4,5,6,7,8,9"),
            );
            async move {
                let ada = SignedIn::with_token(&app, token);
                if number == 2 {
                    ada.post(&complete, &parts).await.expect(200);
                } else {
                    let signed = ada.get(&batch).await.status;
                    assert!([200, 409].contains(&signed), "{signed}");
                }
            }
        });
        crate::support::run_concurrently(requests).await;
        let upload = json!({"upload": {"id": key.split_once('/').unwrap().1}});
        assert_eq!(upload_status(&ada, &upload).await, "stored");
    }
}

#[tokio::test]
async fn the_reconciler_fails_an_upload_whose_parts_exceed_the_quota() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    let body = json!({"filename": "film.mp4", "type": "video/mp4"});
    let started = ada.post("/s3/multipart", &body).await.expect(200).json();
    let (id, key) = (
        started["uploadId"].as_str().unwrap(),
        started["key"].as_str().unwrap(),
    );
    let signed = ada
        .get(&format!("/s3/multipart/{id}/1?key={key}"))
        .await
        .expect(200)
        .json();
    let put = reqwest::Client::new().put(signed["url"].as_str().unwrap());
    Response::to(put.body(vec![0; 2 * QUOTA])).await.expect(200);
    let upload = json!({"upload": {"id": key.split_once('/').unwrap().1}});
    super::events::make_due(&app, &ada.id, &upload, None).await;
    super::events::run_reconciler(&app).await;
    assert_eq!(upload_status(&ada, &upload).await, "failed");
    assert_eq!(wait_for_counted_bytes(&app, &ada).await, (0, 0));
}

#[tokio::test]
async fn deleted_files_are_kept_only_while_the_quota_has_room() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    for round in 0..rounds(3, 8) {
        let upload = store_file(&ada, "a.bin", &vec![round; 5 * MIB]).await;
        ada.delete(&upload_path(&upload, ""), &json!(null))
            .await
            .expect(204);
        assert_eq!(upload_status(&ada, &upload).await, "deleted");
        // The first file can be restored; there is no room to keep the others.
        let versions = ada
            .get(&upload_path(&upload, "/versions"))
            .await
            .expect(200);
        let count = versions.json()["items"].as_array().unwrap().len();
        assert_eq!(count, usize::from(round == 0));
        assert_eq!(
            wait_for_counted_bytes(&app, &ada).await,
            (0, 5 * MIB as u64)
        );
    }
}

#[tokio::test]
async fn a_url_used_after_its_upload_was_deleted_stores_nothing() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    // A pending upload, one whose deleted file is kept, and one whose file is removed from S3.
    let pending = create_upload(&ada, "a.bin", MIB).await;
    ada.delete(&upload_path(&pending, ""), &json!(null))
        .await
        .expect(204);
    let mut deleted = vec![pending];
    for _ in 0..2 {
        let created = create_upload(&ada, "b.bin", 5 * MIB).await;
        send_file(&created, vec![1; 5 * MIB]).await.expect(200);
        ada.post(&upload_path(&created, "/complete"), &json!({}))
            .await
            .expect(200);
        ada.delete(&upload_path(&created, ""), &json!(null))
            .await
            .expect(204);
        deleted.push(created);
    }
    for upload in &deleted {
        let size = upload["upload"]["size"]
            .as_u64()
            .unwrap()
            .try_into()
            .unwrap();
        for _ in 0..4 {
            let put = presigned(&upload["transfer"], reqwest::Method::PUT).body(vec![2; size]);
            // 412 while the previous file is not yet deleted.
            assert!([200, 412].contains(&Response::to(put).await.status));
        }
    }
    assert_eq!(
        wait_for_counted_bytes(&app, &ada).await,
        (0, 5 * MIB as u64)
    );
}

#[tokio::test]
async fn a_quota_refusal_says_how_much_is_used_and_how_to_free_it() {
    let app = TestApp::start_with(&["UploadQuotaBytes=10"]);
    let ada = app.new_user("ada@example.com").await;
    create_upload(&ada, "a", 6).await;
    let body = json!({"filename": "b", "contentType": "text/plain", "size": 5});
    let refused = ada.post("/uploads", &body).await.expect(409);
    assert_eq!(refused.problem(), "quota_exceeded");
    assert_eq!(
        refused.json()["detail"],
        "There is no room for this file: 6 of 10 bytes are in use. Delete files or cancel open uploads to free room."
    );
}

/// Adds open uploads without records to the counter of an owner.
async fn count_open_uploads(app: &TestApp, owner: &str, count: usize) {
    let update = json!({
        "TableName": "cloakroom-dev-QuotasTable",
        "Key": {"owner": {"S": owner}},
        "UpdateExpression": "ADD open_uploads :count",
        "ExpressionAttributeValues": {":count": {"N": count.to_string()}},
    });
    let target = "DynamoDB_20120810.UpdateItem";
    let update = app.call_engine("dynamodb", "local", target, &update);
    update.await.expect(200);
}

#[tokio::test]
async fn the_number_of_open_uploads_is_limited() {
    let app = TestApp::start_with(&["UploadQuotaBytes=2"]);
    let ada = app.new_user("ada@example.com").await;
    let kept = store_file(&ada, "kept", b"12").await;
    ada.delete(&upload_path(&kept, ""), &json!(null))
        .await
        .expect(204);
    let mut open = vec![create_upload(&ada, "0", 1).await];
    let created = rounds(20, 1_000);
    for number in 1..created {
        open.push(create_upload(&ada, &number.to_string(), 0).await);
    }
    count_open_uploads(&app, &ada.id, 1_000 - created).await;
    let body = json!({"filename": "b", "contentType": "text/plain", "size": 0});
    let refused = ada.post("/uploads", &body).await.expect(409);
    assert_eq!(refused.problem(), "too_many_open_uploads");
    assert_eq!(
        ada.get("/s3/params?filename=a").await.expect(409).problem(),
        "too_many_open_uploads"
    );
    // A stored upload is not open; a deleted one is open until its URL expires.
    send_file(&open[0], "1").await.expect(200);
    ada.post(&upload_path(&open[0], "/complete"), &json!({}))
        .await
        .expect(200);
    create_upload(&ada, "b", 0).await;
    ada.delete(&upload_path(&open[1], ""), &json!(null))
        .await
        .expect(204);
    ada.post("/uploads", &body).await.expect(409);
    // A deletion is never refused, even if there is no room to keep the file.
    ada.delete(&upload_path(&open[0], ""), &json!(null))
        .await
        .expect(204);
    let bob = app.new_user("bob@example.com").await;
    create_upload(&bob, "b", 0).await;
}

#[tokio::test]
async fn requests_that_call_s3_are_rate_limited_per_user() {
    let app = TestApp::start_with(&["UploadRequestsPerUser=3"]);
    let bob = app.new_user("bob@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let upload = create_upload(&ada, "a", 1).await;
    // If a new minute begins in between, three more requests succeed.
    for _ in 0..7 {
        let response = ada.get(&upload_path(&upload, "/versions")).await;
        let limit = response.header("ratelimit").unwrap();
        assert!(limit.starts_with("\"files\";r="), "{limit}");
        assert_eq!(
            response.header("ratelimit-policy"),
            Some("\"files\";q=3;w=60")
        );
    }
    for (method, rest, body) in [
        (reqwest::Method::GET, "/versions", json!(null)),
        (reqwest::Method::GET, "/parts", json!(null)),
        (reqwest::Method::POST, "/complete", json!({})),
        (reqwest::Method::POST, "/restore", json!({"versionId": "x"})),
        (reqwest::Method::DELETE, "", json!(null)),
    ] {
        // At most four attempts: three succeed if a new minute has just begun.
        let mut refused = None;
        for _ in 0..4 {
            let request = ada
                .request(method.clone(), &upload_path(&upload, rest))
                .json(&body);
            let response = Response::to(request).await;
            if response.status == 429 {
                refused = Some(response);
                break;
            }
        }
        let refused = refused.unwrap_or_else(|| panic!("{method} {rest} is not limited"));
        assert_eq!(refused.problem(), "rate_limited");
        assert!(refused.header("retry-after").is_some() && refused.header("ratelimit").is_some());
    }
    let other = create_upload(&bob, "b", 1).await;
    bob.get(&upload_path(&other, "/versions")).await.expect(200);
}
