use domain::{OrderId, UserId};

use super::{OrderRecord, Orders, records};
use crate::{StoreError, row::s};

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
}
