use std::{cmp::Reverse, collections::HashMap};

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use domain::{SessionId, UserId, session::Family};
use time::OffsetDateTime;

use super::{Sessions, family};
use crate::{
    StoreError,
    row::{Row, s},
    table::Table,
    transaction::retry_conflicts,
};

/// The most keys that one `BatchGetItem` takes.
const MAX_KEYS: usize = 100;

/// All attributes of an item except its family key. The role of the function `session` may read only these in a batch.
const WITHOUT_KEY: &str = "id, created_at, generation, rotated_at, epoch, expires_at";

/// A session in a list: without its family key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// The id of the refresh token family.
    pub id: SessionId,
    /// Decides whether the session is live.
    pub family: Family,
    /// The time of the sign-in.
    pub created_at: OffsetDateTime,
}

impl SessionEntry {
    /// The time of the last refresh, or of the sign-in if there was none.
    #[must_use]
    pub fn last_used_at(&self) -> OffsetDateTime {
        self.family.rotated_at.unwrap_or(self.created_at)
    }
}

/// A request for a list of a user's live sessions.
#[derive(Debug, Clone, Copy)]
pub struct LiveSessions {
    /// The user.
    pub owner: UserId,
    /// The account's session epoch. Sessions of another epoch have ended.
    pub epoch: u64,
    /// Lists only sessions that began before this one, if there is one.
    pub before: Option<SessionId>,
    /// The maximum number of sessions.
    pub limit: usize,
}

impl Sessions {
    /// Lists live sessions of a user, newest first.
    ///
    /// The ids come from the index `by_user`, which is eventually consistent: a session that began a moment ago may be
    /// missing. The sessions are read with strong consistency, so a session that ended a moment ago is not listed.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn live(
        &self,
        wanted: LiveSessions,
        now: OffsetDateTime,
    ) -> Result<Vec<SessionEntry>, StoreError> {
        let mut found = Vec::new();
        let mut before = wanted.before;
        let mut at_once = wanted.limit.min(MAX_KEYS);
        loop {
            let (ids, is_last) = self.ids(wanted.owner, before, at_once).await?;
            before = ids.last().copied();
            let mut entries = self.entries(ids).await?;
            entries.retain(|entry| entry.family.is_live(Some(wanted.epoch), now));
            entries.sort_unstable_by_key(|entry| Reverse(entry.id));
            found.extend(entries);
            if is_last || found.len() >= wanted.limit {
                found.truncate(wanted.limit);
                return Ok(found);
            }
            // Sessions that have ended stay until their TTL, so one page of ids may hold few live ones.
            at_once = MAX_KEYS;
        }
    }

    /// Lists the ids of a user's sessions, newest first, and tells whether this is the last page.
    async fn ids(
        &self,
        owner: UserId,
        before: Option<SessionId>,
        limit: usize,
    ) -> Result<(Vec<SessionId>, bool), StoreError> {
        let Table { client, name } = &self.0;
        let condition = if before.is_some() {
            "user_id = :owner AND id < :before"
        } else {
            "user_id = :owner"
        };
        let mut values = HashMap::from([(":owner".to_owned(), s(owner.to_string()))]);
        values.extend(before.map(|id| (":before".to_owned(), s(id.to_string()))));
        let page = client
            .query()
            .table_name(name)
            .index_name("by_user")
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        let is_last = page.last_evaluated_key.is_none();
        let items = page.items.unwrap_or_default().into_iter();
        let ids: Result<_, _> = items
            .map(|item| Row(item).parsed("id", SessionId::parse))
            .collect();
        Ok((ids?, is_last))
    }

    /// Reads the sessions with these ids that are still in the table, in any order.
    async fn entries(&self, ids: Vec<SessionId>) -> Result<Vec<SessionEntry>, StoreError> {
        let keys = ids.into_iter().map(|id| [("id", id.to_string())]);
        let rows = self.0.find_all(keys, Some(WITHOUT_KEY)).await?;
        rows.into_iter().map(read).collect()
    }

    /// Ends a session of a user. Returns `false` for another user's session, and `true` if the session is ended or unknown.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_own(&self, id: SessionId, owner: UserId) -> Result<bool, StoreError> {
        let Table { client, name } = &self.0;
        let delete = client
            .delete_item()
            .table_name(name)
            .key("id", s(id.to_string()))
            .condition_expression("attribute_not_exists(id) OR user_id = :owner")
            .expression_attribute_values(":owner", s(owner.to_string()));
        let Err(error) = retry_conflicts(|| delete.clone().send()).await else {
            return Ok(true);
        };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(error.into()),
        }
    }
}

fn read(mut row: Row) -> Result<SessionEntry, StoreError> {
    Ok(SessionEntry {
        id: row.parsed("id", SessionId::parse)?,
        family: family(&mut row)?,
        created_at: row.time("created_at")?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use aws_sdk_dynamodb::{
        Client,
        operation::{batch_get_item::BatchGetItemOutput, query::QueryOutput},
        types::{AttributeValue, KeysAndAttributes},
    };
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::row::{at, n};

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    type Item = HashMap<String, AttributeValue>;

    fn key(id: SessionId) -> Item {
        HashMap::from([("id".to_owned(), s(id.to_string()))])
    }

    fn item(id: SessionId) -> Item {
        let mut item = key(id);
        let expires_at = NOW + Duration::days(30);
        for (name, value) in [
            ("created_at", at(NOW)),
            ("generation", n(0)),
            ("epoch", n(1)),
            ("expires_at", n(expires_at.unix_timestamp())),
        ] {
            item.insert(name.to_owned(), value);
        }
        item
    }

    /// `DynamoDB` processes a batch partially when it is throttled or the items are large.
    #[tokio::test]
    async fn keys_that_a_batch_leaves_unprocessed_are_requested_again() {
        let ids: Vec<_> = (1..=3)
            .map(|minutes| SessionId::new(NOW - Duration::minutes(minutes)))
            .collect();
        let keys: Vec<_> = ids.iter().copied().map(key).collect();
        let query = mock!(Client::query)
            .then_output(move || QueryOutput::builder().set_items(Some(keys.clone())).build());
        let calls = Arc::new(AtomicUsize::new(0));
        let (counted, processed) = (Arc::clone(&calls), ids.clone());
        let batch = mock!(Client::batch_get_item)
            .match_requests(|request| {
                let tables = request.request_items().unwrap();
                let projection = tables["table"].projection_expression();
                projection == Some(WITHOUT_KEY) && tables["table"].consistent_read() == Some(true)
            })
            .then_output(move || {
                let call = counted.fetch_add(1, Ordering::Relaxed);
                let output =
                    BatchGetItemOutput::builder().responses("table", vec![item(processed[call])]);
                let rest = processed[call + 1..].iter().copied().map(key).collect();
                let rest = KeysAndAttributes::builder()
                    .set_keys(Some(rest))
                    .projection_expression(WITHOUT_KEY)
                    .consistent_read(true)
                    .build()
                    .unwrap();
                if rest.keys().is_empty() {
                    output.build()
                } else {
                    output.unprocessed_keys("table", rest).build()
                }
            });
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query, &batch]);
        let table = Table {
            client,
            name: "table".to_owned(),
        };
        let wanted = LiveSessions {
            owner: UserId::new(NOW),
            epoch: 1,
            before: None,
            limit: 21,
        };
        let found = Sessions(table).live(wanted, NOW).await.unwrap();
        let found: Vec<_> = found.iter().map(|entry| entry.id).collect();
        assert_eq!(found, ids);
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}
