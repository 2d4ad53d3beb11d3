#![doc = include_str!("../README.md")]

mod repair;

use domain::{
    Upload, UploadId, UserId,
    upload::{Event, Limit, Mismatch, Outcome, Refusal, Reservation, Size, State, Transfer, Usage},
};
use storage::{Bucket, MultipartRef, StorageError};
use store::{ReadGrants, StoreError, Uploads, uploads::Applied};
use time::OffsetDateTime;

pub use self::repair::RepairReport;

/// How often a change is tried while other requests change the upload.
const TRIES: u32 = 10;

/// Brings the records of uploads and the files in S3 in line.
#[derive(Debug, Clone)]
pub struct Reconciler {
    /// The records, and the counters of their owners' bytes.
    pub uploads: Uploads,
    /// The files.
    pub bucket: Bucket,
    /// The grants to read the uploads, which are deleted with an erased upload.
    pub read_grants: ReadGrants,
}

/// An upload after its record and S3 were brought in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The upload; `None` when there is no record of it any more.
    pub upload: Option<Upload>,
    /// How the bytes differ from the announcement, if that is why the upload failed just now.
    pub mismatch: Option<Mismatch>,
}

/// The tables or S3 did not answer. The state of the upload is unknown; reconciling again finds out.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The tables did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// S3 did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Other requests changed the upload at every try.
    #[error("the upload was changed by other requests at every try")]
    Conflict,
}

/// How an event was applied.
#[derive(Debug)]
pub enum ChangeOutcome {
    /// The event is applied, or changes nothing. This is the upload now.
    Applied(Box<Upload>),
    /// The upload does not allow it.
    Refused(Refusal),
    /// A counter would exceed its limit.
    LimitExceeded(Limit, Usage),
    /// There is no record any more.
    NotFound,
}

/// How an event was applied that is only meant for the state that was read.
#[derive(Debug)]
pub enum ChangeOnceOutcome {
    /// It was applied or refused.
    Ended(ChangeOutcome),
    /// Another request changed the upload first. This is the upload now.
    Conflict(Box<Upload>),
}

impl Reconciler {
    /// Applies an event to an upload: decides by the state that was read, and again when another request changed it first.
    ///
    /// # Errors
    /// When the tables do not answer, or other requests change the upload at every try.
    pub async fn change(
        &self,
        mut upload: Upload,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<ChangeOutcome, ReconcileError> {
        for _ in 0..TRIES {
            match self.change_once(&upload, event, now).await? {
                ChangeOnceOutcome::Ended(changed) => return Ok(changed),
                ChangeOnceOutcome::Conflict(newer) => upload = *newer,
            }
        }
        Err(ReconcileError::Conflict)
    }

    /// Applies an event only to the state that was read: a measurement of one state says nothing about another.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn change_once(
        &self,
        upload: &Upload,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<ChangeOnceOutcome, ReconcileError> {
        let transition = match upload.on(event, now) {
            Ok(Outcome::Changed(transition)) => transition,
            Ok(Outcome::Unchanged) => {
                let upload = Box::new(upload.clone());
                return Ok(ChangeOnceOutcome::Ended(ChangeOutcome::Applied(upload)));
            }
            Err(refusal) => return Ok(ChangeOnceOutcome::Ended(ChangeOutcome::Refused(refusal))),
        };
        if transition.to.is_finished() {
            // Nothing is left to find them by when the record is deleted.
            self.read_grants.erase_upload(upload.id).await?;
        }
        Ok(match self.uploads.apply(&transition).await? {
            Applied::Changed(upload) => ChangeOnceOutcome::Ended(ChangeOutcome::Applied(upload)),
            Applied::Conflict(Some(newer)) => ChangeOnceOutcome::Conflict(newer),
            Applied::Conflict(None) | Applied::IdempotencyKeyUsed | Applied::OwnerErased => {
                ChangeOnceOutcome::Ended(ChangeOutcome::NotFound)
            }
            Applied::LimitExceeded(limit, usage) => {
                ChangeOnceOutcome::Ended(ChangeOutcome::LimitExceeded(limit, usage))
            }
        })
    }

    /// Records what S3 has of a pending upload, and makes S3 hold what the record requires.
    ///
    /// # Errors
    /// When the tables or S3 do not answer.
    pub async fn reconcile(
        &self,
        upload: Upload,
        now: OffsetDateTime,
    ) -> Result<Reconciled, ReconcileError> {
        let mut reconciled = Reconciled {
            upload: Some(upload),
            mismatch: None,
        };
        for _ in 0..TRIES {
            let Some(upload) = reconciled.upload.clone() else {
                return Ok(reconciled);
            };
            let event = match upload.state {
                State::Pending => match self.bucket.head(&upload.key()).await? {
                    Some(object) => {
                        reconciled.mismatch = upload.mismatch(&object);
                        Event::Arrived(object)
                    }
                    None => return Ok(reconciled),
                },
                State::Kept {
                    is_hidden: false, ..
                }
                | State::Restoring { .. }
                | State::Purging { .. } => self.settle(&upload).await?,
                State::Stored(_) | State::Kept { .. } | State::Gone { .. } => {
                    return Ok(reconciled);
                }
            };
            reconciled.upload = self.apply_contents(&upload, &event, now).await?;
        }
        Err(ReconcileError::Conflict)
    }

    /// Reconciles an upload that is due: its file may have arrived, it may have to be given up or deleted for good, or there
    /// may be surplus versions under its key.
    ///
    /// # Errors
    /// When the tables or S3 do not answer.
    pub async fn reconcile_due(
        &self,
        owner: UserId,
        id: UploadId,
        now: OffsetDateTime,
    ) -> Result<(), ReconcileError> {
        let Some(upload) = self.uploads.find(owner, id).await? else {
            return Ok(());
        };
        let Some(upload) = self.reconcile(upload, now).await?.upload else {
            return Ok(());
        };
        let Some(upload) = self.measure(upload, now).await? else {
            return Ok(());
        };
        let before = upload.revision;
        let ChangeOutcome::Applied(upload) = self.change(upload, &Event::Due, now).await? else {
            return Ok(());
        };
        let is_changed = before != upload.revision;
        let upload = self.reconcile(*upload, now).await?.upload;
        // Every other upload is due because S3 may hold versions for which no event came.
        match upload {
            Some(upload) if !is_changed && upload.due_at.is_some_and(|due_at| due_at <= now) => {
                let event = self.settle(&upload).await?;
                self.apply_contents(&upload, &event, now).await?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Compares the bytes that S3 received of parts without a signed length with the reserved bytes.
    async fn measure(
        &self,
        upload: Upload,
        now: OffsetDateTime,
    ) -> Result<Option<Upload>, ReconcileError> {
        let (State::Pending, Transfer::UnsizedMultipart { s3_id, .. }) =
            (&upload.state, &upload.transfer)
        else {
            return Ok(Some(upload));
        };
        let key = &upload.key();
        let parts = self.bucket.all_parts(MultipartRef { key, s3_id }).await?;
        let received = parts.iter().flatten().map(|part| part.size).sum();
        if received <= upload.size.bytes() {
            return Ok(Some(upload));
        }
        let usage = self.uploads.quotas().usage(upload.owner).await?;
        let budget = upload.size.bytes().saturating_add(usage.left());
        let event = match (Reservation::new(received, 1, budget), Size::parse(received)) {
            (Some(reservation), _) => Event::Reserved(reservation),
            (None, Ok(size)) if received <= budget => Event::Measured(size),
            _ => Event::QuotaExceeded,
        };
        match self.change_once(&upload, &event, now).await? {
            ChangeOnceOutcome::Ended(ChangeOutcome::Applied(upload)) => Ok(Some(*upload)),
            // Another request measures it, or took the room; the next run measures again.
            _ => Ok(None),
        }
    }

    /// Makes S3 hold what the record requires.
    async fn settle(&self, upload: &Upload) -> Result<Event, ReconcileError> {
        let settled = self.bucket.settle(upload).await?;
        if settled.surplus > 0 {
            let (owner, id) = (upload.owner, upload.id);
            tracing::warn!(%owner, %id, bytes = settled.surplus, "surplus_deleted");
        }
        Ok(Event::Settled {
            has_file: settled.has_file,
        })
    }

    /// As [`Self::change_once`], for what S3 holds: the upload afterwards, or as another request changed it.
    async fn apply_contents(
        &self,
        upload: &Upload,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<Option<Upload>, ReconcileError> {
        Ok(match self.change_once(upload, event, now).await? {
            ChangeOnceOutcome::Ended(ChangeOutcome::Applied(upload))
            | ChangeOnceOutcome::Conflict(upload) => Some(*upload),
            ChangeOnceOutcome::Ended(ChangeOutcome::NotFound) => None,
            // Neither an arrival nor the contents of S3 raise a counter.
            ChangeOnceOutcome::Ended(
                ChangeOutcome::Refused(_) | ChangeOutcome::LimitExceeded(..),
            ) => Some(upload.clone()),
        })
    }

    /// Deletes a version that an event of S3 names, if it is not the file of its upload. Says whether it was surplus.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn delete_surplus(
        &self,
        key: &str,
        upload: Option<&Upload>,
        version_id: &str,
    ) -> Result<bool, ReconcileError> {
        let is_surplus = upload.is_none_or(|upload| upload.is_surplus(version_id));
        if is_surplus {
            self.bucket.delete_version(key, version_id).await?;
        }
        Ok(is_surplus)
    }
}
