use aws_sdk_dynamodb::{
    Client,
    operation::put_item::PutItemError,
    types::{Put, ReturnValue, TransactWriteItem},
};
use domain::{Upload, UploadId, UserId, upload::Transition};
use settings::{Env, EnvError};

use crate::{
    Idempotency, Quotas, Record, StoreError,
    quotas::{Limit, Usage},
    row::n,
    table::Table,
    transaction::{Outcome, retry_conflicts, transact},
};

mod due;
mod item;
mod list;

pub use self::due::{Due, SHARDS};
use self::item::read;

/// The records of uploads: owner and upload id -> record, with an index of those that the reconciler has to look at.
#[derive(Debug, Clone)]
pub struct UploadRecords {
    pub(crate) table: Table,
}

/// The records of uploads and the counters of their owners' bytes.
///
/// A record and its owner's counters change in one transaction, so the counters are the sums of what the records are
/// charged with ([`Upload::charge`]).
#[derive(Debug, Clone)]
pub struct Uploads {
    pub(crate) records: UploadRecords,
    quotas: Quotas,
}

/// How a change of an upload ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The upload is changed.
    Done(Box<Upload>),
    /// The upload was changed by another request since it was read. This is how it is now; `None`: there is no record.
    Conflict(Option<Box<Upload>>),
    /// A counter would exceed its limit.
    LimitExceeded(Limit, Usage),
    /// Another request with this idempotency key was quicker.
    KeyUsed,
}

impl UploadRecords {
    /// The table that `UPLOADS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        let table = Table::from_env(env, client, "UPLOADS_TABLE")?;
        Ok(Self { table })
    }

    /// Finds an upload of this owner. Strongly consistent: a caller sees what the last request did.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, owner: UserId, id: UploadId) -> Result<Option<Upload>, StoreError> {
        let key = [("owner", owner.to_string()), ("id", id.to_string())];
        self.table.find(key).await?.map(read).transpose()
    }

    /// Carries out a change that leaves the counters as they are: one conditional write.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn apply(&self, transition: &Transition) -> Result<Applied, StoreError> {
        let Table { client, name } = &self.table;
        let put = client
            .put_item()
            .table_name(name)
            .set_item(Some(item::write(&transition.to)))
            .condition_expression("revision = :revision")
            .expression_attribute_values(":revision", n(transition.from_revision))
            .return_values(ReturnValue::None);
        match retry_conflicts(|| put.clone().send()).await {
            Ok(_) => Ok(Applied::Done(Box::new(transition.to.clone()))),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                self.conflict(transition).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The record is read again: the change may have been made by an earlier try whose reply got lost.
    async fn conflict(&self, transition: &Transition) -> Result<Applied, StoreError> {
        let found = self.find(transition.to.owner, transition.to.id).await?;
        Ok(match found {
            Some(found) if found == transition.to => Applied::Done(Box::new(found)),
            found => Applied::Conflict(found.map(Box::new)),
        })
    }

    /// The part of a transaction that changes a record.
    fn change(&self, transition: &Transition) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(item::write(&transition.to)));
        let put = if transition.from_revision == 0 {
            put.condition_expression("attribute_not_exists(id)")
        } else {
            put.condition_expression("revision = :revision")
                .expression_attribute_values(":revision", n(transition.from_revision))
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }
}

impl Uploads {
    /// The tables that `UPLOADS_TABLE` and `QUOTAS_TABLE` name, with the limit that `UPLOAD_QUOTA_BYTES` sets.
    ///
    /// # Errors
    /// When a variable is missing or has no meaning.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            records: UploadRecords::from_env(env, client)?,
            quotas: Quotas::from_env(env, client)?,
        })
    }

    /// The counters of the owners.
    #[must_use]
    pub const fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// As [`UploadRecords::find`].
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, owner: UserId, id: UploadId) -> Result<Option<Upload>, StoreError> {
        self.records.find(owner, id).await
    }

    /// Carries out a change: the record and its owner's counters, or nothing.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn apply(&self, transition: &Transition) -> Result<Applied, StoreError> {
        if transition.change.is_none() {
            return self.records.apply(transition).await;
        }
        self.transact(transition, None).await
    }

    /// Carries out an announcement. A `record` keeps the answer for a request that is sent again.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn announce(
        &self,
        transition: &Transition,
        record: Option<(&Idempotency, &Record)>,
    ) -> Result<Applied, StoreError> {
        self.transact(transition, record).await
    }

    async fn transact(
        &self,
        transition: &Transition,
        record: Option<(&Idempotency, &Record)>,
    ) -> Result<Applied, StoreError> {
        let owner = transition.to.owner;
        if let Some(limit) = self.quotas.never_fits(transition.change) {
            let usage = self.quotas.usage(owner).await?;
            return Ok(Applied::LimitExceeded(limit, usage));
        }
        let mut parts = vec![
            self.records.change(transition)?,
            self.quotas
                .change(owner, transition.change, transition.from_revision == 0)?,
        ];
        if let Some((idempotency, record)) = record {
            parts.push(idempotency.put_new(record, transition.to.created_at)?);
        }
        match transact(&self.records.table.client, parts).await? {
            Outcome::Committed => Ok(Applied::Done(Box::new(transition.to.clone()))),
            Outcome::Refused(failed) if failed.get(2) == Some(&true) => Ok(Applied::KeyUsed),
            Outcome::Refused(failed) if failed.first() == Some(&true) => {
                self.records.conflict(transition).await
            }
            Outcome::Refused(_) => self.exceeded(transition).await,
        }
    }

    /// Which limit it was. The counters may have changed since; then the bytes were the reason.
    async fn exceeded(&self, transition: &Transition) -> Result<Applied, StoreError> {
        let usage = self.quotas.usage(transition.to.owner).await?;
        let is_new = transition.from_revision == 0;
        let limit = self.quotas.exceeded_by(&usage, transition.change, is_new);
        Ok(Applied::LimitExceeded(limit, usage))
    }
}
