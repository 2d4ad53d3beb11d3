use domain::{EndpointId, EventId};
use time::{Duration, OffsetDateTime};

use super::{WebhookDeliveries, deliveries::key};
use crate::{
    StoreError,
    row::{Row, n, s},
    write::Item,
};

/// The index is spread over this many partition keys.
pub const DUE_SHARDS: u8 = 4;

/// Attempts within this time are ordered by a message. Later ones are found by the index.
const BY_MESSAGE: Duration = Duration::minutes(15);

/// How much later than a message the index has an attempt, in case the message gets lost.
const GRACE: Duration = Duration::minutes(1);

pub(super) fn shard(event: EventId) -> String {
    (event.as_bytes()[15] % DUE_SHARDS).to_string()
}

/// When the index has an attempt at `next_at`: at that time, or a minute later if a message orders it.
pub(super) fn due_at(next_at: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
    if next_at - now <= BY_MESSAGE {
        next_at + GRACE
    } else {
        next_at
    }
}

/// A delivery of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDelivery {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The event.
    pub event: EventId,
    /// How many attempts were made.
    pub made: usize,
    /// When its next attempt is due.
    pub next_at: OffsetDateTime,
    due_at: i64,
}

impl WebhookDeliveries {
    /// At most `limit` deliveries of a shard of the index that are due at `now`, the longest due first. Items that cannot be read
    /// are logged and left out.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn due(
        &self,
        shard: u8,
        now: OffsetDateTime,
        limit: i32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let values = [
            (":shard", s(shard.to_string())),
            (":now", n(now.unix_timestamp())),
        ];
        let page = self
            .0
            .query("due_shard = :shard AND due_at <= :now", values)
            .index_name("due")
            .limit(limit)
            .send()
            .await?;
        Ok(page
            .items
            .unwrap_or_default()
            .into_iter()
            .filter_map(read)
            .collect())
    }

    /// Takes a delivery out of those that are due, until `until`. Says whether no other run did.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn hold(&self, due: &DueDelivery, until: OffsetDateTime) -> Result<bool, StoreError> {
        let update = self
            .0
            .update(key(due.endpoint, due.event))
            .set("due_at = :until")
            .only_if("due_at = :seen")
            .bind([
                (":until", n(until.unix_timestamp())),
                (":seen", n(due.due_at)),
            ]);
        Ok(update.send().await?.is_done())
    }
}

fn read(item: Item) -> Option<DueDelivery> {
    let mut row = Row(item);
    let mut due = || {
        Ok::<_, StoreError>(DueDelivery {
            endpoint: row.parsed("endpoint", EndpointId::parse)?,
            event: row.parsed("event", EventId::parse)?,
            made: row.number("made")?,
            next_at: row
                .optional_milliseconds("next_at")
                .ok_or(StoreError::Corrupt("next_at"))?,
            due_at: row.number("due_at")?,
        })
    };
    due()
        .inspect_err(|error| tracing::error!(%error, "due_unreadable"))
        .ok()
}
