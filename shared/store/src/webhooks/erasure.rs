use domain::{
    EndpointId, EventId, UserId,
    webhook::{Delivery, DeliveryStatus},
};
use time::OffsetDateTime;

use super::{
    WebhookDeliveries,
    deliveries::{key, user_key},
    delivery_item::LIFETIME,
};
use crate::{
    StoreError,
    row::{Row, item, n, s},
    write::Item,
};

/// The key of the mark that a user is deleted. It sorts after all mentions.
const ERASED: &str = "~erased";

/// The item that says that a delivery names a user.
pub(super) fn mention(user_key: &str, delivery: &Delivery, now: OffsetDateTime) -> Item {
    item([
        ("endpoint", s(user_key)),
        (
            "event",
            s(format!("{}#{}", delivery.event, delivery.endpoint)),
        ),
        ("expires_at", n((now + LIFETIME).unix_timestamp())),
    ])
}

/// The key of the mark that a user is deleted.
pub(super) fn mark_key(user_key: &str) -> [(&'static str, String); 2] {
    [
        ("endpoint", user_key.to_owned()),
        ("event", ERASED.to_owned()),
    ]
}

impl WebhookDeliveries {
    /// Erases the payloads that name a user. Those that are not delivered yet fail. From now on, the payload of a delivery that
    /// names the user is erased when it ends. Returns the number of erased payloads.
    ///
    /// # Errors
    /// When the table does not answer. A repeated call continues.
    pub async fn erase_user(&self, user: UserId, now: OffsetDateTime) -> Result<u32, StoreError> {
        let user_key = user_key(user);
        let mark = item([
            ("endpoint", s(&user_key)),
            ("event", s(ERASED)),
            ("expires_at", n((now + LIFETIME).unix_timestamp())),
        ]);
        // First the mark: what is created afterwards finds it.
        self.0.put(mark).send().await?;
        let (mut erased, mut after) = (0, None);
        loop {
            let values = [(":user", s(&user_key)), (":end", s(ERASED))];
            let page = self
                .0
                .query("endpoint = :user AND event < :end", values)
                .consistent_read(true)
                .set_exclusive_start_key(after)
                .send()
                .await?;
            for item in page.items.unwrap_or_default() {
                let mention = Row(item).text("event")?;
                let delivery = mention.split_once('#').and_then(|(event, endpoint)| {
                    Some((
                        EndpointId::parse(endpoint).ok()?,
                        EventId::parse(event).ok()?,
                    ))
                });
                let (endpoint, event) = delivery.ok_or(StoreError::Corrupt("event"))?;
                erased += u32::from(self.erase(endpoint, event).await?);
                let mention = [("endpoint", user_key.clone()), ("event", mention)];
                self.0.delete(mention).send().await?;
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(erased);
            }
        }
    }

    /// Erases a payload. Says whether there was one.
    async fn erase(&self, endpoint: EndpointId, event: EventId) -> Result<bool, StoreError> {
        let update = || {
            let update = self.0.update(key(endpoint, event)).remove("payload");
            update.only_if("attribute_exists(payload)")
        };
        let pending = update()
            .set("#status = :failed")
            .remove("next_at, due_shard, due_at, claimed_until")
            .only_if("#status = :pending")
            .bind([
                (":pending", s(DeliveryStatus::Pending.as_str())),
                (":failed", s(DeliveryStatus::Failed.as_str())),
            ]);
        if pending.send().await?.is_done() {
            return Ok(true);
        }
        Ok(update().send().await?.is_done())
    }
}
