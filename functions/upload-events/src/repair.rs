use futures_util::{StreamExt as _, stream};
use http_api::Deadline;
use lambda_http::Error;
use upload_reconciler::RepairReport;

use crate::{App, reconcile::CONCURRENCY};

/// The number of owners that one query reads.
const PAGE: i32 = 50;

/// Compares S3, the records and the counters of every owner, and repairs differences. The next run continues where the
/// function's time ended.
///
/// Metrics are derived from the log line `repair`: all its counts are 0 if nothing differs.
pub async fn repair(app: &App, deadline: Deadline) -> Result<(), Error> {
    let quotas = app.reconciler.uploads.quotas();
    let mut after = quotas.repaired_until().await?;
    let (mut owners, mut failed, mut total) = (0_u32, 0_u32, RepairReport::default());
    let is_complete = loop {
        let page = quotas.owners(after, PAGE).await?;
        let is_last = page.is_empty();
        after = page.last().copied();
        // Saved before the repairs, so that an owner whose repair crashes the run does not crash every run.
        quotas.set_repaired_until(after).await?;
        let mut repairs = stream::iter(page)
            .map(async |owner| {
                let now = app.clock.now();
                (owner, app.reconciler.repair(owner, now).await)
            })
            .buffer_unordered(CONCURRENCY);
        while let Some((owner, result)) = repairs.next().await {
            owners += 1;
            match result {
                Ok(repaired) => {
                    total += repaired;
                    if repaired.has_corrections() {
                        tracing::warn!(%owner, ?repaired, "repaired");
                    }
                }
                Err(error) => {
                    failed += 1;
                    tracing::error!(%owner, %error, "repair_failed");
                }
            }
        }
        if is_last || deadline.is_near(app.clock.now()) {
            break is_last;
        }
    };
    let RepairReport {
        used_drift,
        kept_drift,
        surplus,
        lost,
    } = total;
    tracing::info!(
        owners,
        failed,
        is_complete,
        used_drift,
        kept_drift,
        surplus,
        lost,
        "repair"
    );
    Ok(())
}
