//! An upload of which S3 has nothing any more when the account of its owner is deleted.

use serde_json::json;

use super::{let_time_pass, scan, start};
use crate::{
    support::PASSWORD,
    uploads::{create_upload, run_reconciler},
};

#[tokio::test]
async fn the_record_of_a_file_that_is_gone_is_deleted_with_the_account() {
    let app = start();
    let user = app.new_user("ada@example.com").await;
    let created = create_upload(&user, "a.txt", 5).await;
    let path = format!("/uploads/{}", created["upload"]["id"].as_str().unwrap());
    user.delete(&path, &json!({})).await.expect(204);
    for _ in 0..3 {
        let_time_pass(&app, &user.id).await;
        run_reconciler(&app).await;
    }
    let records = scan::query(&app, "UploadsTable", "owner", &user.id).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].get("due_at"), None, "{records:?}");
    let deleted = user
        .delete("/users/me", &json!({"password": PASSWORD}))
        .await;
    deleted.expect(204);
    app.settled().await;
    let left = scan::query(&app, "UploadsTable", "owner", &user.id).await;
    assert_eq!(left.len(), 0, "{left:?}");
}
