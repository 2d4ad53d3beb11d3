use domain::{Order, OrderId, UserId};
use time::OffsetDateTime;

use super::{Orders, item::guard_id};
use crate::{
    StoreError, erased,
    row::{Row, s},
};

impl Orders {
    /// Records that a user is deleted: from now on, the user places no order.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn mark_erased(&self, user: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let mark = erased::mark([("id", erased::mark_key(user))], now);
        self.table.put(mark).send().await.map(|_| ())
    }

    /// Replaces the buyer of an order by a pseudonym, and removes the guard, which has the buyer's id. The facts stay, so no
    /// event follows.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn anonymize(&self, order: &Order, pseudonym: UserId) -> Result<(), StoreError> {
        let guard = guard_id(order.buyer, order.product);
        self.table.delete([("id", guard)]).send().await?;
        self.replace("buyer", order.id, (order.buyer, pseudonym))
            .await
    }

    /// Replaces the seller of all orders of a seller by a pseudonym.
    ///
    /// # Errors
    /// When the table does not answer. A repeated call continues.
    pub async fn anonymize_sales(
        &self,
        seller: UserId,
        pseudonym: UserId,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let values = [(":seller", s(seller.to_string()))];
            let query = self.table.query("seller = :seller", values);
            let query = query.index_name("seller").set_exclusive_start_key(after);
            let page = query.send().await?;
            for item in page.items.unwrap_or_default() {
                let id = Row(item).parsed("id", OrderId::parse)?;
                self.replace("seller", id, (seller, pseudonym)).await?;
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn replace(
        &self,
        role: &str,
        order: OrderId,
        (user, pseudonym): (UserId, UserId),
    ) -> Result<(), StoreError> {
        let update = self.table.update([("id", order.to_string())]);
        let update = update
            .set(format!("{role} = :pseudonym"))
            .only_if(format!("{role} = :user"))
            .bind([
                (":pseudonym", s(pseudonym.to_string())),
                (":user", s(user.to_string())),
            ]);
        update.send().await.map(|_| ())
    }
}
