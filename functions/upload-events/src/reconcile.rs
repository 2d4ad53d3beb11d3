use futures_util::{StreamExt as _, stream};
use http_api::Deadline;
use lambda_http::Error;

use crate::App;

/// Uploads of each shard that are read at once; owners take turns within a batch.
const BATCH: usize = 2_500;
/// Uploads that are looked at at the same time.
pub const AT_ONCE: usize = 16;

/// Looks at the uploads that are due, those of different owners in turn, while the function's time lasts. What is left
/// is due in the next run.
pub async fn reconcile(app: &App, deadline: Deadline) -> Result<(), Error> {
    let (mut looked, mut failed) = (0_u32, 0_u32);
    loop {
        let due = app.reconciler.uploads.due(app.clock.now(), BATCH).await?;
        let is_all = due.len() < BATCH;
        let mut looks = stream::iter(due)
            .map(async |due| {
                let now = app.clock.now();
                (
                    due,
                    app.reconciler.reconcile_due(due.owner, due.id, now).await,
                )
            })
            .buffer_unordered(AT_ONCE);
        let before = looked - failed;
        while let Some((due, result)) = looks.next().await {
            looked += 1;
            // One that fails must not keep the others waiting; it stays due.
            if let Err(error) = result {
                failed += 1;
                tracing::error!(owner = %due.owner, id = %due.id, %error, "reconciliation_failed");
            }
            if deadline.is_near(app.clock.now()) {
                tracing::warn!(looked, failed, "reconciled_partly");
                return Ok(());
            }
        }
        if is_all || looked - failed == before {
            tracing::info!(looked, failed, "reconciled");
            return Ok(());
        }
    }
}
