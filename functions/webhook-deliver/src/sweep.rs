use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http_api::Deadline;
use lambda_http::Error;
use store::webhooks::{DUE_SHARDS, DueDelivery};
use time::Duration;
use webhook_queue::Due;

use crate::App;

/// The number of due deliveries that one query reads.
const PAGE: usize = 100;
/// The number of messages that are sent at the same time.
const CONCURRENCY: usize = 16;
/// How long a delivery is out of the index after its message was sent: if the message gets lost, it is found again.
const HOLD: Duration = Duration::minutes(2);

/// Orders the attempts that are due: those whose delay is too long for a message, and those whose message got lost.
pub async fn sweep(app: &App, deadline: Deadline) -> Result<(), Error> {
    let mut ordered = 0;
    for shard in 0..DUE_SHARDS {
        loop {
            let now = app.clock.now();
            let page = i32::try_from(PAGE).unwrap_or(i32::MAX);
            let due = app.deliveries.due(shard, now, page).await?;
            let is_last = due.len() < PAGE;
            ordered += stream::iter(due)
                .map(|due| order(app, due))
                .buffer_unordered(CONCURRENCY)
                .try_fold(0, async |sum, sent| Ok(sum + u32::from(sent)))
                .await?;
            if deadline.is_near(app.clock.now()) {
                tracing::warn!(ordered, "webhooks_ordered_partly");
                return Ok(());
            }
            if is_last {
                break;
            }
        }
    }
    tracing::info!(ordered, "webhooks_ordered");
    Ok(())
}

/// Orders an attempt, unless another run did.
async fn order(app: &App, due: DueDelivery) -> Result<bool, Error> {
    let now = app.clock.now();
    if !app
        .deliveries
        .hold(&due, now.max(due.next_at) + HOLD)
        .await?
    {
        return Ok(false);
    }
    let message = Due {
        endpoint: due.endpoint,
        event: due.event,
        made: due.made,
    };
    app.queue.send(message, due.next_at, now).await?;
    Ok(true)
}
