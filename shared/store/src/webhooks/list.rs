use domain::{
    EndpointId, EventId,
    webhook::{Delivery, DeliveryStatus},
};

use super::{WebhookDeliveries, delivery_item::read};
use crate::{
    StoreError,
    row::{Row, s},
};

/// The most items of one query.
const MOST_AT_ONCE: i32 = 1_000;
/// Sorts after all ids of events.
const AFTER_ALL: &str = "~";

impl WebhookDeliveries {
    /// At most `limit` deliveries to an endpoint, newest event first, of those with events before `before`, and only those with
    /// this status.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(
        &self,
        endpoint: EndpointId,
        status: Option<DeliveryStatus>,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut found = Vec::new();
        let mut before = Some(before.map_or_else(|| AFTER_ALL.to_owned(), |id| id.to_string()));
        // With a status, others are skipped. There may be many, so each page is larger than the one before.
        let mut at_once = i32::try_from(limit).unwrap_or(MOST_AT_ONCE);
        while found.len() < limit
            && let Some(end) = before
        {
            let values = [(":endpoint", s(endpoint.to_string())), (":before", s(end))];
            let condition = "endpoint = :endpoint AND event < :before";
            let query = match status {
                None => self.0.query(condition, values),
                Some(status) => {
                    let status = (":status", s(status.as_str()));
                    let values = values.into_iter().chain([status]);
                    self.0
                        .query_filtered(condition, "#status = :status", values)
                }
            };
            let page = query
                .scan_index_forward(false)
                .consistent_read(true)
                .limit(at_once)
                .send()
                .await?;
            let last = page.last_evaluated_key;
            before = last.and_then(|key| Row(key).optional_text("event"));
            for item in page.items.unwrap_or_default() {
                found.push(read(Row(item))?);
            }
            at_once = at_once.saturating_mul(10).min(MOST_AT_ONCE);
        }
        found.truncate(limit);
        Ok(found)
    }
}
