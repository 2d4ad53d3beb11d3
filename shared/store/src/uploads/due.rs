use std::collections::{BTreeMap, VecDeque};

use domain::{UploadId, UserId};
use time::OffsetDateTime;

use super::Uploads;
use crate::{
    StoreError,
    row::{Row, n, s},
    write::Item,
};

/// The index is spread over this many partition keys, as the listing of users is.
pub const SHARDS: u8 = 4;

pub(super) fn shard(id: UploadId) -> String {
    (id.as_bytes()[15] % SHARDS).to_string()
}

/// An upload that is due for the reconciler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its owner.
    pub owner: UserId,
    /// Its id.
    pub id: UploadId,
}

impl Uploads {
    /// At most `limit` uploads of each shard of the index that are due at `now`: the longest due first, and those of
    /// different owners in turn, so that one with many does not keep others waiting. Items that cannot be read are logged
    /// and left out.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn due(&self, now: OffsetDateTime, limit: usize) -> Result<Vec<Due>, StoreError> {
        let mut due = Vec::new();
        for shard in 0..SHARDS {
            due.extend(self.due_in(shard, now, limit).await?);
        }
        Ok(in_turn(due))
    }

    async fn due_in(
        &self,
        shard: u8,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let values = [
                (":shard", s(shard.to_string())),
                (":now", n(now.unix_timestamp())),
            ];
            let table = &self.records.table;
            let page = table
                .query("due_shard = :shard AND due_at <= :now", values)
                .index_name("due")
                .limit(i32::try_from(limit - found.len()).unwrap_or(i32::MAX))
                .set_exclusive_start_key(after)
                .send()
                .await?;
            found.extend(page.items.unwrap_or_default().into_iter().filter_map(read));
            after = page.last_evaluated_key;
            if after.is_none() || found.len() >= limit {
                return Ok(found);
            }
        }
    }
}

fn read(item: Item) -> Option<Due> {
    let mut row = Row(item);
    let mut due = || {
        Ok::<_, StoreError>(Due {
            owner: row.parsed("owner", UserId::parse)?,
            id: row.parsed("id", UploadId::parse)?,
        })
    };
    due()
        .inspect_err(|error| tracing::error!(%error, "due_unreadable"))
        .ok()
}

/// The first of each owner, then the second of each owner, and so on.
fn in_turn(due: Vec<Due>) -> Vec<Due> {
    let mut owners: BTreeMap<UserId, VecDeque<Due>> = BTreeMap::new();
    for due in due {
        owners.entry(due.owner).or_default().push_back(due);
    }
    let mut turns = Vec::new();
    while !owners.is_empty() {
        owners.retain(|_, due| {
            turns.extend(due.pop_front());
            !due.is_empty()
        });
    }
    turns
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn uploads_of_different_owners_alternate() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let (many, few) = (UserId::new(now), UserId::new(now));
        let due = |owner| Due {
            owner,
            id: UploadId::new(now),
        };
        let of_many: Vec<_> = (0..100).map(|_| due(many)).collect();
        let of_few = [due(few), due(few)];
        let turns = in_turn(of_many.iter().chain(&of_few).copied().collect());
        assert_eq!(turns.len(), 102);
        for last in of_few {
            assert!(turns.iter().take(4).any(|due| *due == last));
        }
        let is_many = |due: &&Due| due.owner == many;
        assert!(turns.iter().filter(is_many).eq(of_many.iter()));
    }
}
