use domain::OrderId;
use time::OffsetDateTime;

use super::{
    Orders,
    item::{SHARDS, next_due},
};
use crate::{
    StoreError,
    row::{Row, n, s},
};

impl Orders {
    /// At most `limit` pending orders of each shard of the index about which the provider has to be asked, the longest due
    /// first. Items that cannot be read are logged and left out.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn due(&self, now: OffsetDateTime, limit: i32) -> Result<Vec<OrderId>, StoreError> {
        let mut due = Vec::new();
        for shard in 0..SHARDS {
            let values = [
                (":shard", s(shard.to_string())),
                (":now", n(now.unix_timestamp())),
            ];
            let page = self
                .table
                .query("due_shard = :shard AND due_at <= :now", values)
                .index_name("due")
                .limit(limit)
                .send()
                .await?;
            let id = |item| Row(item).parsed("id", OrderId::parse);
            let ids = page.items.unwrap_or_default().into_iter().map(id);
            due.extend(ids.filter_map(|id| {
                id.inspect_err(|error| tracing::error!(%error, "due_unreadable"))
                    .ok()
            }));
        }
        Ok(due)
    }

    /// Plans the next question about an order that is still pending.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn postpone(&self, id: OrderId, now: OffsetDateTime) -> Result<(), StoreError> {
        let update = self.table.update([("id", id.to_string())]);
        let update = update
            .set("due_at = :due")
            .only_if("attribute_exists(due_at)")
            .bind([(":due", n(next_due(now)))]);
        update.send().await?;
        Ok(())
    }
}
