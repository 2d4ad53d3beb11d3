use domain::{SessionId, UserId, session::Family};
use time::OffsetDateTime;

use super::{Sessions, family, key};
use crate::{
    StoreError,
    row::{Row, s},
};

/// The most items of one query. They are about 25 KB.
const MOST_AT_ONCE: usize = 100;

/// All attributes of an item except its family key. The role of the function `session` may query no others.
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
    /// Lists live sessions of a user, newest first. Strongly consistent: a session that began a moment ago is listed, and one
    /// that ended a moment ago is not.
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
        let mut at_once = wanted.limit;
        loop {
            let (entries, last) = self.page(wanted.owner, before, at_once).await?;
            let live = |entry: &SessionEntry| entry.family.is_live(Some(wanted.epoch), now);
            found.extend(entries.into_iter().filter(live));
            before = last;
            if before.is_none() || found.len() >= wanted.limit {
                found.truncate(wanted.limit);
                return Ok(found);
            }
            // Sessions that have ended stay until their TTL, so one page may hold few live ones.
            at_once = MOST_AT_ONCE;
        }
    }

    /// One query, newest first, and the id that it ended at if there may be more.
    async fn page(
        &self,
        owner: UserId,
        before: Option<SessionId>,
        limit: usize,
    ) -> Result<(Vec<SessionEntry>, Option<SessionId>), StoreError> {
        let condition = if before.is_some() {
            "user_part = :part AND id < :before"
        } else {
            "user_part = :part"
        };
        let mut values = vec![
            (":part", s(owner.session_part())),
            (":owner", s(owner.to_string())),
        ];
        values.extend(before.map(|id| (":before", s(id.to_string()))));
        // Another user's id may have the same end.
        let query = self.0.query_filtered(condition, "user_id = :owner", values);
        let page = query
            .projection_expression(WITHOUT_KEY)
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        let last = match page.last_evaluated_key {
            Some(key) => Some(Row(key).parsed("id", SessionId::parse)?),
            None => None,
        };
        let items = page.items.unwrap_or_default().into_iter();
        let entries: Result<_, _> = items.map(|item| read(Row(item))).collect();
        Ok((entries?, last))
    }

    /// Ends a session of a user. Returns `false` for another user's session, and `true` if the session is ended or unknown.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_own(&self, id: SessionId, owner: UserId) -> Result<bool, StoreError> {
        let delete = self
            .0
            .delete(key(id))
            .only_if("attribute_not_exists(id) OR user_id = :owner")
            .bind([(":owner", s(owner.to_string()))]);
        Ok(delete.send().await?.is_done())
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
    use std::collections::HashMap;

    use aws_sdk_dynamodb::{Client, operation::query::QueryOutput, types::AttributeValue};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        row::{at, item, n},
        table::Table,
    };

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    fn session(id: SessionId, epoch: u64) -> HashMap<String, AttributeValue> {
        item([
            ("id", s(id.to_string())),
            ("created_at", at(NOW)),
            ("generation", n(0)),
            ("epoch", n(epoch)),
            ("expires_at", n((NOW + Duration::days(30)).unix_timestamp())),
        ])
    }

    /// Most sessions of a user may have ended. A query returns at most the sessions that it was asked for, or 1 MB.
    #[tokio::test]
    async fn pages_are_read_until_there_are_enough_live_sessions() {
        let owner = UserId::new(NOW);
        let ids = [3, 2, 1].map(|age| SessionId::of_user(owner, NOW - Duration::minutes(4 - age)));
        let [newest, ended, oldest] = ids;
        let key =
            |id: SessionId| item([("user_part", s(id.user_part())), ("id", s(id.to_string()))]);
        let first = mock!(Client::query)
            .match_requests(|query| {
                query.projection_expression() == Some(WITHOUT_KEY)
                    && query.consistent_read() == Some(true)
                    && query.limit() == Some(2)
            })
            .then_output(move || {
                QueryOutput::builder()
                    .items(session(newest, 1))
                    .items(session(ended, 0))
                    .set_last_evaluated_key(Some(key(ended)))
                    .build()
            });
        let second = mock!(Client::query)
            .match_requests(move |query| {
                let values = query.expression_attribute_values();
                values.and_then(|values| values.get(":before")) == Some(&s(ended.to_string()))
            })
            .then_output(move || QueryOutput::builder().items(session(oldest, 1)).build());
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&first, &second]);
        let table = Table {
            client,
            name: "table".to_owned(),
        };
        let wanted = LiveSessions {
            owner,
            epoch: 1,
            before: None,
            limit: 2,
        };
        let found = Sessions(table).live(wanted, NOW).await.unwrap();
        let found: Vec<_> = found.iter().map(|entry| entry.id).collect();
        assert_eq!(found, [newest, oldest]);
    }
}
