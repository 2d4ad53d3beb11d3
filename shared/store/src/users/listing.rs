use std::cmp::Reverse;

use domain::{User, UserId};
use tokio::task::JoinSet;

use super::{
    Users,
    item::{SHARDS, read},
};
use crate::{
    StoreError,
    row::{Row, s},
    table::Table,
};

/// The users of one shard, as far as they are read, newest first.
#[derive(Debug, Clone)]
struct Shard {
    name: String,
    users: Vec<User>,
    /// The id that the last query ended at, if the shard may have more users.
    more_before: Option<UserId>,
}

impl Users {
    /// At most `limit` users, newest first, of those who signed up before `before` (all, when there is none).
    ///
    /// Ids sort by time, so each shard is read backwards from the cursor and the pages are merged. Shards are chosen at
    /// random, so each has about a part of the page: the first queries read a little more than that, and a shard that has more
    /// of the page than its first query read is read again. The cost does not depend on the size of the table.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(
        &self,
        before: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        let shards = (0..SHARDS).map(|shard| Shard {
            name: shard.to_string(),
            users: Vec::new(),
            more_before: before,
        });
        let mut at_once = expected_in_shard(limit).min(limit);
        let mut shards = self.read_on(shards.collect(), at_once).await?;
        loop {
            let oldest = oldest_of_page(&shards, limit);
            let (incomplete, complete): (Vec<_>, Vec<_>) = shards
                .into_iter()
                .partition(|shard| shard.may_precede(oldest));
            if incomplete.is_empty() {
                return Ok(merge(complete, limit));
            }
            // Few shards are left, and the rest of the page may be in one of them.
            at_once = (2 * at_once).min(limit);
            shards = self.read_on(incomplete, at_once).await?;
            shards.extend(complete);
        }
    }

    /// Queries these shards at the same time, each from where its last query ended.
    async fn read_on(&self, shards: Vec<Shard>, limit: usize) -> Result<Vec<Shard>, StoreError> {
        let mut queries = JoinSet::new();
        for shard in shards {
            queries.spawn(shard.read_on(self.0.clone(), limit));
        }
        let mut found = Vec::new();
        while let Some(shard) = queries.join_next().await {
            found.push(shard.map_err(|error| StoreError::Unavailable(error.to_string()))??);
        }
        Ok(found)
    }
}

/// The number of users that the first query of each shard reads: its part of the page, and about 1.5 standard deviations more,
/// so that a second query is rarely needed.
fn expected_in_shard(limit: usize) -> usize {
    let part = limit.div_ceil(usize::from(SHARDS));
    part + part.isqrt()
}

/// The oldest user of a page of those that are read; `None` if they do not fill it.
fn oldest_of_page(shards: &[Shard], limit: usize) -> Option<UserId> {
    let ids = shards.iter().flat_map(|shard| &shard.users);
    let mut ids: Vec<_> = ids.map(|user| user.id).collect();
    ids.sort_unstable_by_key(|id| Reverse(*id));
    ids.get(limit.checked_sub(1)?).copied()
}

fn merge(shards: Vec<Shard>, limit: usize) -> Vec<User> {
    let mut users: Vec<_> = shards.into_iter().flat_map(|shard| shard.users).collect();
    users.sort_unstable_by_key(|user| Reverse(user.id));
    users.truncate(limit);
    users
}

impl Shard {
    /// Whether users of this shard that are not read yet may belong to a page that ends with `oldest`.
    fn may_precede(&self, oldest: Option<UserId>) -> bool {
        match (self.more_before, oldest) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(last), Some(oldest)) => last > oldest,
        }
    }

    /// Reads the next users of the shard.
    async fn read_on(mut self, table: Table, limit: usize) -> Result<Self, StoreError> {
        let condition = if self.more_before.is_some() {
            "#shard = :shard AND id < :before"
        } else {
            "#shard = :shard"
        };
        let mut values = vec![(":shard", s(self.name.clone()))];
        values.extend(self.more_before.map(|id| (":before", s(id.to_string()))));
        let page = table
            .query(condition, values)
            .index_name("listing")
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        self.more_before = match page.last_evaluated_key {
            Some(key) => Some(Row(key).parsed("id", UserId::parse)?),
            None => None,
        };
        for item in page.items.unwrap_or_default() {
            self.users.push(read(Row(item))?);
        }
        Ok(self)
    }
}
