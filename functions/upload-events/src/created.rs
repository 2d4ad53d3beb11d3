use domain::Upload;
use lambda_http::Error;
use serde_json::Value;

use crate::App;

/// Handles S3's event of a new object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>).
///
/// The event only names the upload to reconcile, because events may be repeated, late and out of order. The version of the
/// event is deleted if it is not the file of the upload: after a form was sent again, or a PUT after a deletion.
pub async fn created(app: &App, event: &Value) -> Result<(), Error> {
    let object = &event["detail"]["object"];
    let key = object["key"].as_str().ok_or("an event without a key")?;
    let Some((owner, id)) = Upload::of_key(key) else {
        tracing::warn!("object_with_foreign_key");
        return Ok(());
    };
    let upload = match app.reconciler.uploads.find(owner, id).await? {
        Some(upload) => {
            let reconciled = app.reconciler.reconcile(upload, app.clock.now()).await?;
            reconciled.upload
        }
        None => None,
    };
    let status = upload
        .as_ref()
        .map_or("none", |upload| upload.status().as_str());
    tracing::info!(%owner, %id, status, "object_created");
    if let Some(version_id) = object["version-id"].as_str() {
        let surplus = app
            .reconciler
            .delete_surplus(key, upload.as_ref(), version_id);
        if surplus.await? {
            let bytes = object["size"].as_u64().unwrap_or_default();
            tracing::warn!(%owner, %id, bytes, "surplus_deleted");
        }
    }
    Ok(())
}
