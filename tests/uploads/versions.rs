//! `/uploads/{id}/versions` and `/restore`.

use serde_json::json;

use super::{create_upload, download, store_file, upload_path, upload_status};
use crate::support::TestApp;

#[tokio::test]
async fn a_deleted_file_can_be_restored() {
    let app = TestApp::start_with(&["UploadQuotaBytes=10"]);
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let versions = ada
        .get(&upload_path(&upload, "/versions"))
        .await
        .expect(200)
        .json();
    let version = versions["items"][0].clone();
    assert_eq!(
        (&version["size"], &version["isCurrent"]),
        (&json!(5), &json!(true))
    );
    ada.delete(&upload_path(&upload, ""), &json!(null))
        .await
        .expect(204);
    let versions = ada
        .get(&upload_path(&upload, "/versions"))
        .await
        .expect(200)
        .json();
    assert_eq!(versions["items"][0]["versionId"], version["versionId"]);
    assert_eq!(versions["items"][0]["isCurrent"], false);

    let restore = async |version: &serde_json::Value| {
        ada.post(
            &upload_path(&upload, "/restore"),
            &json!({"versionId": version}),
        )
        .await
    };
    assert_eq!(
        restore(&json!("nope")).await.expect(404).problem(),
        "version_not_found"
    );
    assert_eq!(
        restore(&json!("../x")).await.expect(422).problem(),
        "validation_failed"
    );
    // Another upload may use the freed quota.
    let other = create_upload(&ada, "b.txt", 6).await;
    assert_eq!(
        restore(&version["versionId"]).await.expect(409).problem(),
        "quota_exceeded"
    );
    assert_eq!(upload_status(&ada, &upload).await, "deleted");
    ada.delete(&upload_path(&other, ""), &json!(null))
        .await
        .expect(204);
    let restored = restore(&version["versionId"]).await.expect(200).json();
    assert_eq!(restored["upload"]["status"], "stored");
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
    // The restored bytes count again.
    let body = json!({"filename": "c", "contentType": "text/plain", "size": 6});
    assert_eq!(
        ada.post("/uploads", &body).await.expect(409).problem(),
        "quota_exceeded"
    );
}

#[tokio::test]
async fn a_file_has_one_version_after_any_number_of_restores() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let key = format!("{}/{}", ada.id, upload["upload"]["id"].as_str().unwrap());
    let list = async |query: &str| {
        let path = upload_path(&upload, &format!("/versions{query}"));
        ada.get(&path).await.expect(200).json()
    };
    let first = list("").await["items"].clone();
    let version = json!({"versionId": first[0]["versionId"]});
    for _ in 0..4 {
        ada.delete(&upload_path(&upload, ""), &json!(null))
            .await
            .expect(204);
        // A second restore changes nothing.
        for _ in 0..2 {
            ada.post(&upload_path(&upload, "/restore"), &version)
                .await
                .expect(200);
        }
    }
    assert_eq!(
        list("?limit=1").await,
        json!({"items": first, "next": null})
    );
    assert_eq!(app.version_ids(&key).await.len(), 1);
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");
    for (query, code) in [
        ("cursor=x", "invalid_cursor"),
        ("limit=0", "validation_failed"),
    ] {
        let refused = ada
            .get(&upload_path(&upload, &format!("/versions?{query}")))
            .await;
        assert_eq!(refused.expect(422).problem(), code);
    }
}
