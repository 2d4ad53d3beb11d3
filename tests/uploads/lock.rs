use serde_json::json;

use super::{announce, download, path, status, store};
use crate::support::TestApp;

#[tokio::test]
async fn a_locked_file_stays() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let upload = store(&ada, "a.txt", b"hello").await;
    let lock = async |until: &str| {
        ada.put(&path(&upload, "/lock"), &json!({"until": until}))
            .await
    };
    let locked = lock("2090-01-01T01:00:00+01:00").await.expect(200).json();
    assert_eq!(locked["lockedUntil"], "2090-01-01T00:00:00.000Z");
    assert_eq!(
        lock("2089-12-31T23:59:59Z").await.expect(409).problem(),
        "upload_locked"
    );
    lock("2090-01-01T00:00:01Z").await.expect(200);
    let deleted = ada
        .delete(&path(&upload, ""), &json!(null))
        .await
        .expect(409);
    assert_eq!(deleted.problem(), "upload_locked");
    assert_eq!(status(&ada, &upload).await, "stored");
    assert_eq!(download(&ada, &upload).await.expect(200).body, b"hello");

    for until in ["2001-01-01T00:00:00Z", "tomorrow", "2999-01-01T00:00:00Z"] {
        assert_eq!(lock(until).await.expect(422).problem(), "validation_failed");
    }
    let pending = announce(&ada, "b.txt", 5).await;
    let early = ada
        .put(
            &path(&pending, "/lock"),
            &json!({"until": "2090-01-01T00:00:00Z"}),
        )
        .await;
    assert_eq!(early.expect(409).problem(), "upload_not_stored");
}
