use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{Put, TransactWriteItem},
};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    row::{b, n, s},
    table::Table,
};

/// How long an answer is kept for a repeated request.
const LIFETIME: Duration = Duration::hours(24);

/// Answers of creating requests that carried an `Idempotency-Key`
/// (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
#[derive(Debug, Clone)]
pub struct Idempotency(pub(crate) Table);

/// What a request with a key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose key for what: the caller's scope and the key.
    pub id: String,
    /// What the request asked for, as a digest that a secret in the body can't be guessed from.
    pub fingerprint: [u8; 32],
    /// The salt of the password hash that went into the fingerprint.
    pub salt: [u8; 16],
    /// The body of the answer.
    pub answer: String,
}

impl Idempotency {
    /// The table that `IDEMPOTENCY_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "IDEMPOTENCY_TABLE").map(Self)
    }

    /// Opens the connection ahead of the first request.
    pub async fn warm_up(&self) {
        self.0.warm_up("id").await;
    }

    /// What the request with this id did, if it did within the last 24 hours.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: &str, now: OffsetDateTime) -> Result<Option<Record>, StoreError> {
        let Some(mut row) = self.0.find_unexpired(("id", id.to_owned()), now).await? else {
            return Ok(None);
        };
        Ok(Some(Record {
            id: id.to_owned(),
            fingerprint: row.bytes("fingerprint")?,
            salt: row.bytes("salt")?,
            answer: row.text("answer")?,
        }))
    }

    /// The part of a creating transaction that keeps its answer, unless there is one already.
    pub(crate) fn put_new(
        &self,
        record: &Record,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = HashMap::from([
            ("id".to_owned(), s(&record.id)),
            ("fingerprint".to_owned(), b(record.fingerprint)),
            ("salt".to_owned(), b(record.salt)),
            ("answer".to_owned(), s(&record.answer)),
            (
                "expires_at".to_owned(),
                n((now + LIFETIME).unix_timestamp()),
            ),
        ]);
        let put = Put::builder()
            .table_name(&self.0.name)
            .set_item(Some(item))
            // TTL deletes late: what has expired does not count.
            .condition_expression("attribute_not_exists(id) OR expires_at <= :now")
            .expression_attribute_values(":now", n(now.unix_timestamp()))
            .build();
        Ok(TransactWriteItem::builder().put(put?).build())
    }
}
