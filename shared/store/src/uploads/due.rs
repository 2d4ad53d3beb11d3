use domain::{Upload, UploadId, UserId};
use time::{Duration, OffsetDateTime};

use super::Uploads;
use crate::{
    StoreError,
    row::{Row, n, s},
    table::Table,
};

/// The index is spread over this many partition keys, as the listing of users is.
pub const SHARDS: u8 = 4;
/// How long after its announcement an upload is looked at for the first time: an event is there within seconds.
pub(super) const FIRST_LOOK: Duration = Duration::minutes(5);
/// A pending upload is looked at less and less often, but at least so often.
const LONGEST_WAIT: Duration = Duration::hours(6);

pub(super) fn shard(id: UploadId) -> String {
    (id.as_bytes()[15] % SHARDS).to_string()
}

/// An upload that somebody has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Whose it is.
    pub owner: UserId,
    /// Which one.
    pub id: UploadId,
}

impl Uploads {
    /// At most `limit` uploads of a shard of the index that are due at `now`, the longest due first, without those that
    /// cannot be read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn due(
        &self,
        shard: u8,
        now: OffsetDateTime,
        limit: i32,
    ) -> Result<Vec<Due>, StoreError> {
        let Table { client, name } = &self.0;
        let page = client
            .query()
            .table_name(name)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", s(shard.to_string()))
            .expression_attribute_values(":now", n(now.unix_timestamp()))
            .limit(limit)
            .send()
            .await?;
        let due = |item| {
            let mut row = Row(item);
            Ok::<_, StoreError>(Due {
                owner: row.parsed("owner", UserId::parse)?,
                id: row.parsed("id", UploadId::parse)?,
            })
        };
        let readable = |due: Result<Due, StoreError>| {
            due.inspect_err(|error| tracing::error!(%error, "due_unreadable"))
                .ok()
        };
        let items = page.items.unwrap_or_default().into_iter();
        Ok(items.map(due).filter_map(readable).collect())
    }

    /// Nothing came yet: look again later, after as long again as it has been waited for.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn look_again(&self, upload: &Upload, now: OffsetDateTime) -> Result<(), StoreError> {
        let waited = (now - upload.created_at).clamp(FIRST_LOOK, LONGEST_WAIT);
        // Not after it is to be given up.
        let next = (now + waited).min(upload.given_up_at().max(now + FIRST_LOOK));
        self.due_again(upload, Some(next)).await
    }
}
