use serde_json::json;

use super::{MIB, create_upload, send_file, store_file, upload_path, upload_status};
use crate::support::{Response, TestApp};

#[tokio::test]
async fn a_stored_upload_can_be_deleted() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let shown = ada.get(&upload_path(&upload, "")).await.expect(200).json();
    let url = shown["download"]["url"].as_str().unwrap();
    for _ in 0..2 {
        ada.delete(&upload_path(&upload, ""), &json!(null))
            .await
            .expect(204);
    }
    assert_eq!(upload_status(&ada, &upload).await, "deleted");
    assert_eq!(
        Response::to(reqwest::Client::new().get(url)).await.status,
        404
    );
    let shown = ada.get(&upload_path(&upload, "")).await.expect(200).json();
    assert!(shown.get("download").is_none());
    let completed = ada
        .post(&upload_path(&upload, "/complete"), &json!({}))
        .await
        .expect(409);
    assert_eq!(completed.problem(), "upload_not_pending");
}

#[tokio::test]
async fn a_pending_upload_can_be_cancelled() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let large = create_upload(&ada, "film.mp4", 200 * MIB).await;
    ada.delete(&upload_path(&large, ""), &json!(null))
        .await
        .expect(204);
    assert_eq!(upload_status(&ada, &large).await, "deleted");
    let signed = ada
        .post(&upload_path(&large, "/parts"), &json!({"partNumbers": [1]}))
        .await
        .expect(409);
    assert_eq!(signed.problem(), "upload_not_pending");

    let small = create_upload(&ada, "a.txt", 5).await;
    ada.delete(&upload_path(&small, ""), &json!(null))
        .await
        .expect(204);
    // The URL is still valid; the bytes that arrive with it are deleted.
    send_file(&small, "12345").await;
    crate::support::eventually(async || send_file(&small, "12345").await.status == 200).await;
    assert_eq!(upload_status(&ada, &small).await, "deleted");
}
