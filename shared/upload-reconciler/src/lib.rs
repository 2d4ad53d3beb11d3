#![doc = include_str!("../README.md")]

mod repair;

use domain::{
    Upload, UploadId, UserId,
    upload::{Event, Mismatch, Outcome, Refusal, Reservation, Size, State, Transfer},
};
use storage::{Bucket, StorageError};
use store::{StoreError, Uploads, uploads::Applied};
use time::OffsetDateTime;

pub use self::repair::Repaired;

/// How often a change is tried that other requests overtake.
const TRIES: u32 = 10;

/// The records of uploads and the files in S3.
#[derive(Debug, Clone)]
pub struct Reconciler {
    /// The records, and the counters of their owners' bytes.
    pub uploads: Uploads,
    /// The files.
    pub bucket: Bucket,
}

/// An upload after its record and S3 were brought in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// The upload; `None` when there is no record of it any more.
    pub upload: Option<Upload>,
    /// How the bytes differ from the announcement, if that is why the upload failed just now.
    pub mismatch: Option<Mismatch>,
}

/// The tables or S3 did not answer. What happened is unknown; reconciling again finds out.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The tables.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// S3.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Other requests changed the upload at every try.
    #[error("the upload was changed by other requests at every try")]
    Overtaken,
}

/// How an event went.
#[derive(Debug)]
pub enum Changed {
    /// The upload is as it is now; the event is done, or changes nothing.
    Done(Box<Upload>),
    /// The upload does not allow it.
    Refused(Refusal),
    /// A counter would exceed its limit.
    LimitExceeded(store::Limit, store::Usage),
    /// There is no record any more.
    Gone,
}

/// How an event went that is only meant for the state that was read.
#[derive(Debug)]
pub enum ChangedOnce {
    /// As [`Changed`].
    Changed(Changed),
    /// Another request was quicker. This is the upload now.
    Overtaken(Box<Upload>),
}

impl Reconciler {
    /// Applies an event to an upload: decides by the state that was read, and again when another request was quicker.
    ///
    /// # Errors
    /// When the tables do not answer, or other requests are quicker every time.
    pub async fn change(
        &self,
        mut upload: Upload,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<Changed, ReconcileError> {
        for _ in 0..TRIES {
            match self.change_once(&upload, event, now).await? {
                ChangedOnce::Changed(changed) => return Ok(changed),
                ChangedOnce::Overtaken(newer) => upload = *newer,
            }
        }
        Err(ReconcileError::Overtaken)
    }

    /// Applies an event to the state that was read, and to no other: what was measured for one says nothing about another.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn change_once(
        &self,
        upload: &Upload,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<ChangedOnce, ReconcileError> {
        let transition = match upload.on(event, now) {
            Ok(Outcome::Changed(transition)) => transition,
            Ok(Outcome::Unchanged) => {
                let upload = Box::new(upload.clone());
                return Ok(ChangedOnce::Changed(Changed::Done(upload)));
            }
            Err(refusal) => return Ok(ChangedOnce::Changed(Changed::Refused(refusal))),
        };
        Ok(match self.uploads.apply(&transition).await? {
            Applied::Done(upload) => ChangedOnce::Changed(Changed::Done(upload)),
            Applied::Conflict(Some(newer)) => ChangedOnce::Overtaken(newer),
            Applied::Conflict(None) | Applied::KeyUsed => ChangedOnce::Changed(Changed::Gone),
            Applied::LimitExceeded(limit, usage) => {
                ChangedOnce::Changed(Changed::LimitExceeded(limit, usage))
            }
        })
    }

    /// Records what S3 has of a pending upload, and carries out in S3 what the record wants.
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
            reconciled.upload = self.once(&upload, &event, now).await?;
        }
        Err(ReconcileError::Overtaken)
    }

    /// Looks at an upload that is due: one that may have arrived, that is to be given up or deleted for good, or under
    /// whose key surplus versions may lie.
    ///
    /// # Errors
    /// When the tables or S3 do not answer.
    pub async fn look(
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
        let Changed::Done(upload) = self.change(upload, &Event::Due, now).await? else {
            return Ok(());
        };
        let is_changed = before != upload.revision;
        let upload = self.reconcile(*upload, now).await?.upload;
        // Whatever else is due is due because S3 may hold something that nothing told of.
        match upload {
            Some(upload) if !is_changed && upload.due_at.is_some_and(|due_at| due_at <= now) => {
                let event = self.settle(&upload).await?;
                self.once(&upload, &event, now).await?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Compares what S3 received of parts without a signed length with what is reserved for them.
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
        let parts = self.bucket.all_parts((&upload.key(), s3_id)).await?;
        let received = parts.iter().flatten().map(|part| part.size).sum();
        if received <= upload.size.bytes() {
            return Ok(Some(upload));
        }
        let usage = self.uploads.quotas().usage(upload.owner).await?;
        let budget = upload.size.bytes().saturating_add(usage.left());
        let event = match (Reservation::new(received, 1, budget), Size::parse(received)) {
            (Some(reservation), _) => Event::Reserved(reservation),
            (None, Ok(size)) if received <= budget => Event::Measured(size),
            _ => Event::Overdrawn,
        };
        match self.change_once(&upload, &event, now).await? {
            ChangedOnce::Changed(Changed::Done(upload)) => Ok(Some(*upload)),
            // Another request asks S3 itself, or took the room; the next run measures again.
            _ => Ok(None),
        }
    }

    /// Makes S3 hold what the record wants.
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

    /// Applies an event to the state that was read with it: what S3 has says nothing about another state.
    async fn once(
        &self,
        upload: &Upload,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<Option<Upload>, ReconcileError> {
        Ok(match self.change_once(upload, event, now).await? {
            ChangedOnce::Changed(Changed::Done(upload)) | ChangedOnce::Overtaken(upload) => {
                Some(*upload)
            }
            ChangedOnce::Changed(Changed::Gone) => None,
            // Neither an arrival nor S3's answer takes room.
            ChangedOnce::Changed(Changed::Refused(_) | Changed::LimitExceeded(..)) => {
                Some(upload.clone())
            }
        })
    }

    /// Deletes a version that S3 tells of, if it is not the file of its upload. Says whether it was surplus.
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
