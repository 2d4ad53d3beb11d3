use arrivals::{Arrival, ArrivalError};
use domain::{Upload, UploadStatus};
use lambda_http::Error;
use store::{
    StoreError,
    uploads::{Due, SHARDS},
};

use crate::App;

/// So many of a shard are looked at in one run; the rest is due in the next.
const BATCH: i32 = 250;

/// Looks at what is due: pending uploads whose event may have been lost or that are given up, failed and deleted ones that
/// S3 was not told about, and once more those whose URL or form somebody may have used since.
pub async fn reconcile(app: &App) -> Result<(), Error> {
    let (mut looked, mut failed) = (0_u32, 0_u32);
    for shard in 0..SHARDS {
        let due = app
            .shelves
            .uploads
            .due(shard, app.clock.now(), BATCH)
            .await?;
        for due in due {
            looked += 1;
            // One that fails must not keep the others waiting; it stays due.
            if let Err(error) = look(app, due).await {
                failed += 1;
                tracing::error!(owner = %due.owner, id = %due.id, %error, "reconciliation_failed");
            }
        }
    }
    tracing::info!(looked, failed, "reconciled");
    Ok(())
}

async fn look(app: &App, due: Due) -> Result<(), ArrivalError> {
    let Some(upload) = app.shelves.uploads.find(due.owner, due.id).await? else {
        return Ok(());
    };
    let (upload, now) = (&upload, app.clock.now());
    let arrival = app.shelves.look(upload, now).await?;
    match arrival {
        Arrival::Locked(locked) => {
            app.shelves.uncover(&locked, app.clock.now()).await?;
            // The next look finds the version that the record has.
            again(app, &locked).await.map_err(Into::into)
        }
        // Somebody else took it out of the bucket; nothing of it will come.
        Arrival::Awaited if upload.status == UploadStatus::Stored => app
            .shelves
            .uploads
            .settled(upload, now)
            .await
            .map_err(Into::into),
        Arrival::Awaited if now >= upload.given_up_at() => app.shelves.give_up(upload, now).await,
        Arrival::Awaited => again(app, upload).await.map_err(Into::into),
        Arrival::Stored(_) | Arrival::Mismatch(_) | Arrival::Over => Ok(()),
    }
}

async fn again(app: &App, upload: &Upload) -> Result<(), StoreError> {
    app.shelves
        .uploads
        .look_again(upload, app.clock.now())
        .await
}
