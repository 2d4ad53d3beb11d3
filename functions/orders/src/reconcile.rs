use domain::{OrderId, OrderStatus};
use http_api::Deadline;
use lambda_http::Error;

use crate::{
    App,
    checkout::{self, CheckoutError},
};

/// The pending orders of each shard that one query reads.
const BATCH: i32 = 25;

/// Asks the provider about orders that have been pending for long, until the function's time ends: a lost webhook costs
/// minutes, not a sale. The next run continues.
pub async fn reconcile(app: &App, deadline: Deadline) -> Result<(), Error> {
    let (mut asked, mut failed) = (0_u32, 0_u32);
    loop {
        let due = app.orders.due(app.clock.now(), BATCH).await?;
        let mut is_progress = false;
        for id in due {
            if deadline.is_near(app.clock.now()) {
                tracing::warn!(asked, failed, "orders_reconciled_partly");
                return Ok(());
            }
            asked += 1;
            // A failure must not delay the others; the order stays due.
            match reconcile_one(app, id).await {
                Ok(()) => is_progress = true,
                Err(error) => {
                    failed += 1;
                    tracing::error!(order = %id, %error, "order_not_reconciled");
                }
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
