use std::cmp::Reverse;

use domain::{Order, OrderId, UserId};

use super::{OrderRecord, Orders, item::read, records};
use crate::{
    StoreError,
    row::{Row, s},
};

impl Orders {
    /// At most `limit` orders of a buyer, newest first, of those placed before `before`. Eventually consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(
        &self,
        buyer: UserId,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<OrderRecord>, StoreError> {
        let of_buyer = [(":buyer", s(buyer.to_string()))];
        let query = match before {
            None => self.table.query("buyer = :buyer", of_buyer),
            Some(before) => {
                let before = (":before", s(before.to_string()));
                let values = of_buyer.into_iter().chain([before]);
                self.table.query("buyer = :buyer AND id < :before", values)
            }
        };
        let page = query
            .index_name("buyer")
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        records(page.items).collect()
    }

    /// At most `limit` orders of a seller, up to 100, newest first, of those placed before `before`. Also returns where the next
    /// page begins, if there may be one. Eventually consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn sales(
        &self,
        seller: UserId,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<(Vec<Order>, Option<OrderId>), StoreError> {
        let of_seller = [(":seller", s(seller.to_string()))];
        let query = match before {
            None => self.table.query("seller = :seller", of_seller),
            Some(before) => {
                let before = (":before", s(before.to_string()));
                let values = of_seller.into_iter().chain([before]);
                let condition = "seller = :seller AND id < :before";
                self.table.query(condition, values)
            }
        };
        let page = query
            .index_name("seller")
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        let last = match page.last_evaluated_key {
            Some(key) => Some(Row(key).parsed("id", OrderId::parse)?),
            None => None,
        };
        // The index has only the keys.
        let mut keys = Vec::new();
        for item in page.items.unwrap_or_default() {
            keys.push([("id".to_owned(), s(Row(item).text("id")?))].into());
        }
        let rows = self.table.find_batch(keys, None, false).await?;
        let orders = rows.into_iter().map(|row| read(row).map(|it| it.order));
        let mut orders = orders.collect::<Result<Vec<_>, _>>()?;
        // An order may have got a pseudonym since.
        orders.retain(|order| order.seller == seller);
        orders.sort_unstable_by_key(|order| Reverse(order.id));
        Ok((orders, last))
    }
}
