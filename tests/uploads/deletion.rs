use serde_json::json;

use super::{MIB, announce, path, send, status, store};
use crate::support::{Response, TestApp};

#[tokio::test]
async fn a_stored_file_is_deleted() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let shown = ada.get(&path(&upload, "")).await.expect(200).json();
    let url = shown["download"]["url"].as_str().unwrap();
    for _ in 0..2 {
        ada.delete(&path(&upload, ""), &json!(null))
            .await
            .expect(204);
    }
    assert_eq!(status(&ada, &upload).await, "deleted");
    assert_eq!(
        Response::to(reqwest::Client::new().get(url)).await.status,
        404
    );
    let shown = ada.get(&path(&upload, "")).await.expect(200).json();
    assert!(shown.get("download").is_none());
    let completed = ada
        .post(&path(&upload, "/complete"), &json!({}))
        .await
        .expect(409);
    assert_eq!(completed.problem(), "upload_not_pending");
}

#[tokio::test]
async fn a_pending_upload_is_given_up() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let large = announce(&ada, "film.mp4", 200 * MIB).await;
    ada.delete(&path(&large, ""), &json!(null))
        .await
        .expect(204);
    assert_eq!(status(&ada, &large).await, "deleted");
    let signed = ada
        .post(&path(&large, "/parts"), &json!({"partNumbers": [1]}))
        .await
        .expect(409);
    assert_eq!(signed.problem(), "upload_not_pending");

    let small = announce(&ada, "a.txt", 5).await;
    ada.delete(&path(&small, ""), &json!(null))
        .await
        .expect(204);
    // The URL is still good; what comes by it is taken away again.
    send(&small, "12345").await;
    crate::support::eventually(async || send(&small, "12345").await.status == 200).await;
    assert_eq!(status(&ada, &small).await, "deleted");
}
