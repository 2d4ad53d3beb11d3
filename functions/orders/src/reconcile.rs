use domain::{OrderId, OrderStatus};
use futures_util::{StreamExt as _, stream};
use http_api::Deadline;
use lambda_http::Error;

use crate::{
    App,
    checkout::{self, CheckoutError},
};

/// The pending orders of each shard that one query reads.
const BATCH: i32 = 25;

/// The number of orders that the provider is asked about at the same time. It allows 25 requests a second for each operation
/// (<https://docs.stripe.com/rate-limits>), and the routes need some of them.
const CONCURRENCY: usize = 4;

/// Asks the provider about orders that have been pending for long, until the function's time ends: a lost webhook costs
/// minutes, not a sale. The next run continues.
pub async fn reconcile(app: &App, deadline: Deadline) -> Result<(), Error> {
    let (mut asked, mut failed) = (0_u32, 0_u32);
    loop {
        let due = app.orders.due(app.clock.now(), BATCH).await?;
        let mut is_progress = false;
        let mut answers = stream::iter(due)
            .map(async |id| (id, reconcile_one(app, id).await))
            .buffer_unordered(CONCURRENCY);
        while let Some((id, answer)) = answers.next().await {
            asked += 1;
            // A failure must not delay the others; the order stays due.
            match answer {
                Ok(()) => is_progress = true,
                Err(error) => {
                    failed += 1;
                    tracing::error!(order = %id, %error, "order_not_reconciled");
                }
            }
            if deadline.is_near(app.clock.now()) {
                tracing::warn!(asked, failed, "orders_reconciled_partly");
                return Ok(());
            }
        }
        if !is_progress {
            tracing::info!(asked, failed, "orders_reconciled");
            return Ok(());
        }
    }
}

async fn reconcile_one(app: &App, id: OrderId) -> Result<(), CheckoutError> {
    let Some(found) = app.orders.find(id).await? else {
        return Ok(());
    };
    let asked = checkout::ask(app, found).await?;
    if asked.order.status() == OrderStatus::Pending {
        app.orders.postpone(id, app.clock.now()).await?;
    }
    Ok(())
}
