use std::collections::HashMap;

use domain::{User, UserId};
use tokio::task::JoinSet;

use super::{Users, item::read};
use crate::{
    StoreError,
    row::{Row, s},
    table::Table,
};

/// The index is spread over this many partition keys: one takes 1,000 writes/s, so all take 4,000 sign-ups/s.
/// Every page asks each of them, so its cost grows with this number and with nothing else.
const SHARDS: u8 = 4;

/// Which partition key of the index a user is under: by the random end of the id, so they fill evenly.
pub(super) fn shard(id: UserId) -> String {
    (id.as_bytes()[15] % SHARDS).to_string()
}

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
    Table { client, name }: Table,
    shard: String,
    before: Option<UserId>,
    limit: usize,
) -> Result<Vec<User>, StoreError> {
    let condition = if before.is_some() {
        "#shard = :shard AND id < :before"
    } else {
        "#shard = :shard"
    };
    let mut values = HashMap::from([(":shard".to_owned(), s(shard))]);
    values.extend(before.map(|id| (":before".to_owned(), s(id.to_string()))));
    let page = client
        .query()
        .table_name(name)
        .index_name("listing")
        .key_condition_expression(condition)
        .expression_attribute_names("#shard", "shard")
        .set_expression_attribute_values(Some(values))
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
