use arrivals::Arrival;
use domain::Upload;
use lambda_http::Error;
use serde_json::Value;

use crate::App;

/// S3 has an object
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>).
///
/// The event only says where to look. Events come twice, late and in any order; what S3 has now does not.
pub async fn created(app: &App, event: &Value) -> Result<(), Error> {
    let key = event["detail"]["object"]["key"]
        .as_str()
        .ok_or("an event without a key")?;
    let Some((owner, id)) = Upload::of_key(key) else {
        tracing::warn!("object_of_nobody");
        return Ok(());
    };
    let Some(upload) = app.shelves.uploads.find(owner, id).await? else {
        // Nothing was announced: its record is gone, or was never written.
        tracing::warn!(%owner, %id, "object_without_upload");
        return Ok(());
    };
    let arrival = app.shelves.look(&upload, app.clock.now()).await?;
    if let Arrival::Locked(locked) = &arrival {
        app.shelves.uncover(locked, app.clock.now()).await?;
    }
    tracing::info!(%owner, %id, arrival = arrival.word(), "object_created");
    Ok(())
}
