use aws_sdk_dynamodb::Client;
use domain::{UserId, upload::UploadGrant};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    NewRecord, StoreError,
    row::{item, n, s},
    table::Table,
    transaction::{Outcome, Transaction},
};

/// The upload grants: digest of the grant -> owner, session epoch and expiry. The grants themselves are not stored, so a
/// reader of the table can use none of them.
#[derive(Debug, Clone)]
pub struct UploadGrants(Table);

/// The parts of storing a grant together with the answer to its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Answer,
    Grant,
}

impl UploadGrants {
    /// The table that `UPLOAD_GRANTS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "UPLOAD_GRANTS_TABLE").map(Self)
    }

    /// Stores a grant under its digest, with the answer to a request that may be sent again. Says whether it did; it does not
    /// when there is a record of this id already.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn create(
        &self,
        digest: &str,
        grant: &UploadGrant,
        record: Option<NewRecord<'_>>,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let put = self.0.put(item([
            ("id", s(digest)),
            ("owner", s(grant.owner.to_string())),
            ("epoch", n(grant.epoch)),
            ("expires_at", n(grant.expires_at.unix_timestamp())),
        ]));
        let Some(record) = record else {
            return Ok(put.send().await?.is_done());
        };
        let answer = (Part::Answer, record.put(now));
        let outcome = Transaction::of((Part::Grant, put), answer)?
            .commit()
            .await?;
        Ok(outcome == Outcome::Committed)
    }

    /// The grant of this digest. Whether it is valid depends on the owner's account ([`UploadGrant::is_valid`]).
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, digest: &str) -> Result<Option<UploadGrant>, StoreError> {
        let found = self.0.find([("id", digest.to_owned())]).await?;
        found
            .map(|mut row| {
                Ok(UploadGrant {
                    owner: row.parsed("owner", UserId::parse)?,
                    epoch: row.number("epoch")?,
                    expires_at: row.seconds("expires_at")?,
                })
            })
            .transpose()
    }
}
