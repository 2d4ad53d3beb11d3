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
    /// random, so each has about a part of the page: a query reads a little more than that, and a shard that has more of the
    /// page than its query read is queried again. The cost does not depend on the size of the table.
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
        let at_once = expected_in_shard(limit).min(limit);
        let mut shards = self.read_on(shards.collect(), at_once).await?;
        loop {
            let oldest = oldest_of_page(&shards, limit);
            let (incomplete, complete): (Vec<_>, Vec<_>) = shards
                .into_iter()
                .partition(|shard| shard.may_precede(oldest));
            if incomplete.is_empty() {
                return Ok(merge(complete, limit));
            }
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

/// The number of users that a query of a shard reads: its part of the page, and about two standard deviations more. One page in
/// twelve needs a second query of a shard. Ten users, for a page of 20, are mostly less than 4 KB, and cost the least that a query can.
fn expected_in_shard(limit: usize) -> usize {
    let part = limit.div_ceil(usize::from(SHARDS));
    part + 2 * part.isqrt()
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

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{Client, operation::query::QueryOutput};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use domain::{Email, Name, Profile, Roles, Status};
    use time::{Duration, OffsetDateTime, macros::datetime};

    use super::*;
    use crate::{row::item, users::item::write};

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
    const LIMIT: usize = 22;
    /// A quarter of [`LIMIT`], and a little more.
    const AT_ONCE: i32 = 10;

    fn user(age: i64) -> User {
        let at = NOW - Duration::minutes(age);
        User {
            id: UserId::new(at),
            email: Email::parse("ada@example.com").unwrap(),
            name: Name::parse("Ada").unwrap(),
            profile: Profile::default(),
            roles: Roles::new(),
            status: Status::Active,
            verified_at: None,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    /// A query for the first users of a shard, which has these. The shard may have more.
    fn first_page(shard: &'static str, users: Vec<User>) -> Rule {
        let is_full = users.len() == usize::try_from(AT_ONCE).unwrap();
        mock!(Client::query)
            .match_requests(move |query| {
                let values = query.expression_attribute_values().unwrap();
                values[":shard"] == s(shard)
                    && !values.contains_key(":before")
                    && query.limit() == Some(AT_ONCE)
                    && query.scan_index_forward() == Some(false)
                    && query.index_name() == Some("listing")
            })
            .then_output(move || {
                let last = users.last().filter(|_| is_full);
                let last = last.map(|user| item([("id", s(user.id.to_string()))]));
                let items = users.iter().map(|user| write(user, 1)).collect();
                QueryOutput::builder()
                    .set_items(Some(items))
                    .set_last_evaluated_key(last)
                    .build()
            })
    }

    async fn list(rules: &[&Rule]) -> Vec<UserId> {
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules);
        let table = Table {
            client,
            name: "table".to_owned(),
        };
        let users = Users(table).list(None, LIMIT).await.unwrap();
        users.iter().map(|user| user.id).collect()
    }

    /// However many users there are, a page of evenly distributed users is one query for each shard.
    #[tokio::test]
    async fn a_page_is_four_queries_of_a_little_more_than_its_parts() {
        let users: Vec<_> = (0..40).map(user).collect();
        let of_shard = |first: usize| users.iter().skip(first).step_by(4).cloned().collect();
        let rules = [
            first_page("0", of_shard(0)),
            first_page("1", of_shard(1)),
            first_page("2", of_shard(2)),
            first_page("3", of_shard(3)),
        ];
        let found = list(&rules.each_ref()).await;
        let expected: Vec<_> = users.iter().take(LIMIT).map(|user| user.id).collect();
        assert_eq!(found, expected);
        assert_eq!(rules.map(|rule| rule.num_calls()), [1; 4]);
    }

    #[tokio::test]
    async fn a_shard_that_has_more_of_the_page_is_queried_again() {
        let users: Vec<_> = (0..12).map(user).collect();
        let (first, rest) = users.split_at(10);
        let rest = rest.to_vec();
        let (last, older) = (first[9].id, user(20));
        let ids: Vec<_> = users.iter().chain([&older]).map(|user| user.id).collect();
        let again = mock!(Client::query)
            .match_requests(move |query| {
                let values = query.expression_attribute_values().unwrap();
                values[":shard"] == s("0") && values.get(":before") == Some(&s(last.to_string()))
            })
            .then_output(move || {
                let items = rest.iter().map(|user| write(user, 1)).collect();
                QueryOutput::builder().set_items(Some(items)).build()
            });
        let rules = [
            first_page("0", first.to_vec()),
            first_page("1", vec![older]),
            first_page("2", Vec::new()),
            first_page("3", Vec::new()),
            again,
        ];
        let found = list(&rules.each_ref()).await;
        assert_eq!(found, ids);
        assert_eq!(rules.map(|rule| rule.num_calls()), [1; 5]);
    }
}
