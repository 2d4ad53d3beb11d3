use futures_util::{StreamExt as _, stream};
use http_api::Deadline;
use lambda_http::Error;

use crate::App;

/// The number of due uploads per shard that one query reads; owners take turns within a batch.
const BATCH: usize = 2_500;
/// The number of concurrent reconciliations.
pub const CONCURRENCY: usize = 16;

/// Reconciles the due uploads, those of different owners in turn, until the function's time ends. The next run continues.
pub async fn reconcile(app: &App, deadline: Deadline) -> Result<(), Error> {
    let (mut checked, mut failed) = (0_u32, 0_u32);
    loop {
        let due = app.reconciler.uploads.due(app.clock.now(), BATCH).await?;
        let is_last = due.len() < BATCH;
        let mut reconciliations = stream::iter(due)
            .map(async |due| {
                let now = app.clock.now();
                (
                    due,
                    app.reconciler.reconcile_due(due.owner, due.id, now).await,
                )
            })
            .buffer_unordered(CONCURRENCY);
        let before = checked - failed;
        while let Some((due, result)) = reconciliations.next().await {
            checked += 1;
            // A failure must not delay the others; the upload stays due.
            if let Err(error) = result {
                failed += 1;
                tracing::error!(owner = %due.owner, id = %due.id, %error, "reconciliation_failed");
            }
            if deadline.is_near(app.clock.now()) {
                tracing::warn!(checked, failed, "reconciled_partly");
                return Ok(());
            }
        }
        if is_last || checked - failed == before {
            tracing::info!(checked, failed, "reconciled");
            return Ok(());
        }
    }
}
