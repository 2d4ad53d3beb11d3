use aws_sdk_dynamodb::Client;
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    row::{b, item, n, s},
    table::Table,
    write::Write,
};

/// How long an answer is kept for a repeated request.
const LIFETIME: Duration = Duration::hours(24);

/// Answers to creating requests that carried an `Idempotency-Key`
/// (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
#[derive(Debug, Clone)]
pub struct Idempotency(pub(crate) Table);

/// The record of a request with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The caller, the route and the key.
    pub id: String,
    /// A digest of the request's fields. A secret among them is hashed first, so it can't be guessed from the digest.
    pub fingerprint: [u8; 32],
    /// The salt of the password hash in the fingerprint.
    pub salt: [u8; 16],
    /// The body of the answer.
    pub answer: String,
}

/// A record that a creating transaction stores, so that a repeated request gets the same answer.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'a> {
    /// The table of the records.
    pub idempotency: &'a Idempotency,
    /// The record.
    pub record: &'a IdempotencyRecord,
}

impl NewRecord<'_> {
    /// The part of the transaction that stores the record, unless there is one already.
    pub(crate) fn put(self, now: OffsetDateTime) -> Write {
        self.idempotency.put_new(self.record, now)
    }
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
        self.0.warm_up(["id"]).await;
    }

    /// The record of this id, if it was written within the last 24 hours.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(
        &self,
        id: &str,
        now: OffsetDateTime,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let Some(mut row) = self.0.find_unexpired(("id", id.to_owned()), now).await? else {
            return Ok(None);
        };
        Ok(Some(IdempotencyRecord {
            id: id.to_owned(),
            fingerprint: row.bytes("fingerprint")?,
            salt: row.bytes("salt")?,
            answer: row.text("answer")?,
        }))
    }

    /// Stores a record, unless there is one already.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep(
        &self,
        record: &IdempotencyRecord,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.put_new(record, now).send().await?;
        Ok(())
    }

    fn put_new(&self, record: &IdempotencyRecord, now: OffsetDateTime) -> Write {
        let item = item([
            ("id", s(&record.id)),
            ("fingerprint", b(record.fingerprint)),
            ("salt", b(record.salt)),
            ("answer", s(&record.answer)),
            ("expires_at", n((now + LIFETIME).unix_timestamp())),
        ]);
        self.0
            .put(item)
            // TTL deletes late: an expired record does not count.
            .only_if("attribute_not_exists(id) OR expires_at <= :now")
            .bind([(":now", n(now.unix_timestamp()))])
    }
}
