use aws_sdk_dynamodb::{
    Client,
    types::{Put, TransactWriteItem},
};
use domain::UserId;
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    Idempotency, Record, StoreError,
    row::{n, s},
    table::Table,
    transaction::{Outcome, transact},
};

/// Leave to upload in somebody's name, for programs that cannot send a header: digest of the grant -> whose it is.
#[derive(Debug, Clone)]
pub struct UploadGrants(Table);

/// Leave to upload in its owner's name.
#[derive(Debug)]
pub struct UploadGrant<'a> {
    /// What the table knows it by.
    pub digest: &'a str,
    /// The user whose uploads it begins.
    pub owner: UserId,
    /// The account's session epoch when it was given. It ends with the epoch: at a sign-out everywhere, a new password,
    /// when the account is disabled or deleted.
    pub epoch: u64,
    /// Until when.
    pub expires_at: OffsetDateTime,
}

impl UploadGrants {
    /// The table that `UPLOAD_GRANTS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "UPLOAD_GRANTS_TABLE").map(Self)
    }

    /// Keeps a grant, by its digest: whoever reads the table can use none of them. Says whether it did; with a
    /// `record`, it does not when there was one of this id.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn give(
        &self,
        idempotency: &Idempotency,
        grant: &UploadGrant<'_>,
        record: Option<&Record>,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let put = Put::builder()
            .table_name(&self.0.name)
            .item("id", s(grant.digest))
            .item("owner", s(grant.owner.to_string()))
            .item("epoch", n(grant.epoch))
            .item("expires_at", n(grant.expires_at.unix_timestamp()))
            .build()?;
        let mut parts = vec![TransactWriteItem::builder().put(put).build()];
        if let Some(record) = record {
            parts.push(idempotency.put_new(record, now)?);
        }
        let outcome = transact(&self.0.client, parts).await?;
        Ok(matches!(outcome, Outcome::Committed))
    }

    /// The owner of a grant and the session epoch that it was given in, until it expires.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(
        &self,
        digest: &str,
        now: OffsetDateTime,
    ) -> Result<Option<(UserId, u64)>, StoreError> {
        let key = ("id", digest.to_owned());
        let found = self.0.find_unexpired(key, now).await?;
        found
            .map(|mut row| Ok((row.parsed("owner", UserId::parse)?, row.number("epoch")?)))
            .transpose()
    }
}
