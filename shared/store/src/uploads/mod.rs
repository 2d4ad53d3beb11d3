use aws_sdk_dynamodb::Client;
use domain::{
    Upload, UploadId, UserId,
    upload::{Limit, State, Transition, Usage},
};
use metrics::Metric;
use settings::{Env, EnvError};

use crate::{
    NewRecord, Quotas, StoreError,
    row::n,
    table::Table,
    transaction::{Outcome, Transaction},
    write::{Write, Written},
};

mod due;
pub(crate) mod item;
mod list;

pub use self::due::{Due, SHARDS};
use self::item::read;

/// The records of uploads: owner and upload id -> record, with an index of those that are due for the reconciler.
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
    Changed(Box<Upload>),
    /// The upload was changed by another request since it was read. This is how it is now; `None`: there is no record.
    Conflict(Option<Box<Upload>>),
    /// A counter would exceed its limit.
    LimitExceeded(Limit, Usage),
    /// Another request with this idempotency key came first.
    IdempotencyKeyUsed,
    /// The account of the owner is deleted, so nothing is created.
    OwnerErased,
}

/// The parts of a change, in the order in which they decide why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Answer,
    Record,
    Thumbnail,
    Counters,
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

    /// Finds an upload of this owner. Strongly consistent.
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
        match self.change(transition).send().await? {
            Written::Done(_) => Ok(Applied::Changed(Box::new(transition.to.clone()))),
            Written::ConditionFailed(_) => self.conflict(transition).await,
        }
    }

    /// The record is read again: the change may have been made by an earlier try whose reply got lost.
    async fn conflict(&self, transition: &Transition) -> Result<Applied, StoreError> {
        let found = self.find(transition.to.owner, transition.to.id).await?;
        Ok(match found {
            Some(found) if found == transition.to => Applied::Changed(Box::new(found)),
            found => Applied::Conflict(found.map(Box::new)),
        })
    }

    /// The write of a record that still has the revision that the change began with: its deletion, if nothing is left to do.
    pub(crate) fn change(&self, transition: &Transition) -> Write {
        let Upload { owner, id, .. } = &transition.to;
        let put = if transition.to.is_finished() {
            let key = [("owner", owner.to_string()), ("id", id.to_string())];
            self.table.delete(key)
        } else {
            self.table.put(item::write(&transition.to))
        };
        if transition.from_revision == 0 {
            put.only_if("attribute_not_exists(id)")
        } else {
            put.only_if("revision = :revision")
                .bind([(":revision", n(transition.from_revision))])
        }
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

    /// The records of the uploads.
    #[must_use]
    pub const fn records(&self) -> &UploadRecords {
        &self.records
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

    /// Carries out a change: the record and its owner's counters, or nothing. A change that leaves the counters as they are
    /// writes the record alone.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn apply(&self, transition: &Transition) -> Result<Applied, StoreError> {
        if transition.change.is_none() {
            return self.records.apply(transition).await;
        }
        self.apply_with_record(transition, None).await
    }

    /// Applies a transition and changes the owner's counters. A `record` stores the response, for a repeated request.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn apply_with_record(
        &self,
        transition: &Transition,
        record: Option<NewRecord<'_>>,
    ) -> Result<Applied, StoreError> {
        self.apply_all(transition, None, record).await
    }

    /// As [`Self::apply_with_record`], for a new upload with the announcement of its thumbnail.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn create(
        &self,
        creation: &Transition,
        thumbnail: Option<&Transition>,
        record: Option<NewRecord<'_>>,
    ) -> Result<Applied, StoreError> {
        self.apply_all(creation, thumbnail, record).await
    }

    async fn apply_all(
        &self,
        transition: &Transition,
        thumbnail: Option<&Transition>,
        record: Option<NewRecord<'_>>,
    ) -> Result<Applied, StoreError> {
        let (owner, is_new) = (transition.to.owner, transition.from_revision == 0);
        let charged = thumbnail.map(|thumbnail| thumbnail.change);
        let charged = transition.change.and(charged.unwrap_or_default());
        if let Some(limit) = self.quotas.never_fits(charged) {
            let usage = self.quotas.usage(owner).await?;
            return Ok(Applied::LimitExceeded(limit, usage));
        }
        let answer = record.map(|record| record.put(transition.to.created_at));
        let counters = self.quotas.change(owner, charged, is_new);
        let thumbnail = thumbnail.map(|thumbnail| self.records.change(thumbnail));
        let change = Transaction::of(
            (Part::Record, self.records.change(transition)),
            (Part::Counters, counters),
        )?
        .and_maybe(Part::Thumbnail, thumbnail)?
        .and_maybe(Part::Answer, answer)?;
        let failed = match change.commit().await? {
            Outcome::Committed => {
                count_stored(transition);
                return Ok(Applied::Changed(Box::new(transition.to.clone())));
            }
            Outcome::Refused(failed) => failed.first(),
        };
        match failed {
            Part::Answer => Ok(Applied::IdempotencyKeyUsed),
            Part::Record | Part::Thumbnail => self.records.conflict(transition).await,
            Part::Counters => {
                let (usage, is_erased) = self.quotas.find(owner).await?;
                if is_new && is_erased {
                    return Ok(Applied::OwnerErased);
                }
                let limit = usage.exceeded_by(charged, is_new);
                Ok(Applied::LimitExceeded(limit, usage))
            }
        }
    }
}

/// Counts an upload whose file has arrived: it is stored and no longer open. Counted by the request whose write succeeds,
/// because the event of S3 and the request to complete the upload make the same change.
fn count_stored(transition: &Transition) {
    let is_stored = matches!(transition.to.state, State::Stored(_));
    if is_stored && transition.change.open < 0 {
        if !transition.to.id.is_thumbnail() {
            metrics::count(Metric::UploadsStored);
        }
        metrics::add(Metric::BytesStored, transition.to.size.bytes());
    }
}
