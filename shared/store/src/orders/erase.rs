use domain::{Order, UserId};

use super::{Orders, item::guard_id};
use crate::{StoreError, row::s};

impl Orders {
    /// Replaces the buyer of an order by a pseudonym, and removes the guard, which has the buyer's id. The facts stay, so no
    /// event follows.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn anonymize(&self, order: &Order, pseudonym: UserId) -> Result<(), StoreError> {
        let guard = guard_id(order.buyer, order.product);
        self.table.delete([("id", guard)]).send().await?;
        let update = self.table.update([("id", order.id.to_string())]);
        let update = update
            .set("buyer = :pseudonym")
            .only_if("buyer = :buyer")
            .bind([
                (":pseudonym", s(pseudonym.to_string())),
                (":buyer", s(order.buyer.to_string())),
            ]);
        update.send().await?;
        Ok(())
    }
}
