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

impl Users {
    /// At most `limit` users, newest first, of those who signed up before `before` (all, when there is none).
    ///
    /// Ids sort by time, so each shard is read backwards from the cursor and the pages are merged: `SHARDS` queries of
    /// at most `limit` items each, whatever the size of the table.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(
        &self,
        before: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        let mut pages = JoinSet::new();
        for shard in 0..SHARDS {
            pages.spawn(shard_page(self.0.clone(), shard.to_string(), before, limit));
        }
        let mut users = Vec::new();
        while let Some(page) = pages.join_next().await {
            users.extend(page.map_err(|error| StoreError::Unavailable(error.to_string()))??);
        }
        users.sort_unstable_by_key(|user: &User| std::cmp::Reverse(user.id));
        users.truncate(limit);
        Ok(users)
    }
}

/// One query is one page: `limit` items of a few KB stay far below the 1 MB that would cut it short.
async fn shard_page(
    table: Table,
    shard: String,
    before: Option<UserId>,
    limit: usize,
) -> Result<Vec<User>, StoreError> {
    let condition = if before.is_some() {
        "#shard = :shard AND id < :before"
    } else {
        "#shard = :shard"
    };
    let mut values = vec![(":shard", s(shard))];
    values.extend(before.map(|id| (":before", s(id.to_string()))));
    let page = table
        .query(condition, values)
        .index_name("listing")
        .scan_index_forward(false)
        .limit(i32::try_from(limit).unwrap_or(i32::MAX))
        .send()
        .await?;
    page.items
        .unwrap_or_default()
        .into_iter()
        .map(|item| read(Row(item)))
        .collect()
}
