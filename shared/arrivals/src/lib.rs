#![doc = include_str!("../README.md")]

use domain::{
    Upload, UploadStatus,
    upload::{Size, Transfer},
};
use storage::{Bucket, Object, StorageError};
use store::{
    Quotas, StoreError, Uploads,
    uploads::{Received, Step},
};
use time::OffsetDateTime;

/// Where uploads are kept: what is known of them, and the files themselves.
#[derive(Debug, Clone)]
pub struct Shelves {
    /// The records.
    pub uploads: Uploads,
    /// The bytes in use.
    pub quotas: Quotas,
    /// The files.
    pub bucket: Bucket,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// S3 has what was announced.
    Stored(Box<Upload>),
    /// S3 has nothing yet.
    Awaited,
    /// S3 has another version than the one that is locked, which stays the upload's; [`Shelves::uncover`] undoes it.
    Locked(Box<Upload>),
    /// S3 has something else; the upload has failed and what came is gone.
    Mismatch(Mismatch),
    /// The upload failed or was deleted before; S3 has nothing of it any more.
    Over,
}

impl Arrival {
    /// A word for the log: an upload holds what its owner calls it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Stored(_) => "stored",
            Self::Awaited => "awaited",
            Self::Locked(_) => "locked",
            Self::Mismatch(Mismatch::Size) => "size_mismatch",
            Self::Mismatch(Mismatch::Checksum) => "checksum_mismatch",
            Self::Over => "over",
        }
    }
}

/// In what the bytes differ from their announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// There are more or fewer.
    Size,
    /// They are others, or S3 has made no digest of them.
    Checksum,
}

/// The tables or S3 did not answer. What happened is unknown; looking again finds out.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// The tables.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// S3.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Shelves {
    /// Looks at what S3 has of an upload, and takes the upload where that leads.
    ///
    /// # Errors
    /// When the tables or S3 do not answer.
    pub async fn look(
        &self,
        upload: &Upload,
        now: OffsetDateTime,
    ) -> Result<Arrival, ArrivalError> {
        if matches!(upload.status, UploadStatus::Failed | UploadStatus::Deleted) {
            self.clear_away(upload, now).await?;
            return Ok(Arrival::Over);
        }
        let Some(object) = self.bucket.head(&upload.key()).await? else {
            return Ok(Arrival::Awaited);
        };
        if let Some(mismatch) = mismatch(upload, &object) {
            return self.refuse(upload, mismatch, now).await;
        }
        let received = Received {
            // Not more than 5 TiB, or S3 would not have it.
            size: Size::parse(object.size).unwrap_or(upload.size),
            version_id: object.version_id,
            at: object.stored_at,
        };
        let stored = self.uploads.store(&self.quotas, upload, &received, now);
        match stored.await? {
            Step::Done(upload) => Ok(Arrival::Stored(upload)),
            Step::Refused(upload)
                if upload.is_locked(now) && upload.version_id != received.version_id =>
            {
                Ok(Arrival::Locked(upload))
            }
            // Somebody else was quicker with this very version, or with something else.
            Step::Refused(upload) if upload.status == UploadStatus::Stored => {
                Ok(Arrival::Stored(upload))
            }
            // It is on its way back, and somebody took room for another version: what they wait for is still to come.
            Step::Refused(upload) if upload.status == UploadStatus::Pending => Ok(Arrival::Awaited),
            Step::Refused(upload) => {
                self.clear_away(&upload, now).await?;
                Ok(Arrival::Over)
            }
            Step::Gone => Ok(Arrival::Over),
        }
    }

    /// Makes the version that is locked the current one again: a version that lies on top of it goes for good. Nobody
    /// was charged for that, and the locked one would end by the bucket's lifecycle, with its lock, if it stayed covered.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn uncover(&self, locked: &Upload, now: OffsetDateTime) -> Result<(), ArrivalError> {
        // Read after the lock, so it is not the locked one that was still to come.
        let current = self.bucket.head(&locked.key()).await?;
        let version = current.and_then(|object| object.version_id);
        // And the record after that: a lock that has ended meanwhile lets another version take its place.
        let found = self.uploads.find(locked.owner, locked.id).await?;
        let is_still = found
            .is_some_and(|found| found.is_locked(now) && found.version_id == locked.version_id);
        match version {
            Some(version) if is_still && locked.version_id.as_ref() != Some(&version) => {
                Ok(self.bucket.forget(&locked.key(), &version).await?)
            }
            _ => Ok(()),
        }
    }

    /// Pending -> failed, or deleted again if it was stored once; what came of it goes.
    ///
    /// # Errors
    /// When the tables or S3 do not answer.
    pub async fn give_up(&self, upload: &Upload, now: OffsetDateTime) -> Result<(), ArrivalError> {
        if let Step::Done(upload) = self.uploads.fail(&self.quotas, upload, now).await? {
            self.clear_away(&upload, now).await?;
        }
        Ok(())
    }

    /// Takes from S3 what is left of an upload that failed or was deleted, and notes that it is done.
    ///
    /// # Errors
    /// When the tables or S3 do not answer.
    pub async fn clear_away(
        &self,
        upload: &Upload,
        now: OffsetDateTime,
    ) -> Result<(), ArrivalError> {
        self.bucket.abort_parts_of(upload).await?;
        // Deleting what is deleted would leave one more mark each time.
        if self.bucket.head(&upload.key()).await?.is_some() && self.is_over(upload).await? {
            self.bucket.delete(&upload.key()).await?;
        }
        self.uploads.settled(upload, now).await?;
        Ok(())
    }

    /// Whether it is still failed or deleted: it may have come back since it was read.
    async fn is_over(&self, upload: &Upload) -> Result<bool, StoreError> {
        let found = self.uploads.find(upload.owner, upload.id).await?;
        Ok(found.is_none_or(|upload| {
            matches!(upload.status, UploadStatus::Failed | UploadStatus::Deleted)
        }))
    }

    async fn refuse(
        &self,
        upload: &Upload,
        mismatch: Mismatch,
        now: OffsetDateTime,
    ) -> Result<Arrival, ArrivalError> {
        match self.uploads.fail(&self.quotas, upload, now).await? {
            Step::Done(upload) => {
                self.clear_away(&upload, now).await?;
                Ok(Arrival::Mismatch(mismatch))
            }
            Step::Refused(upload) if upload.status == UploadStatus::Stored => {
                Ok(Arrival::Stored(upload))
            }
            Step::Refused(_) | Step::Gone => Ok(Arrival::Over),
        }
    }
}

/// S3 checks what we sign, so only parts that were put together otherwise, or a bucket that others write to, end here.
///
/// What was stored once is compared no more: another version was restored, or its form was sent again.
fn mismatch(upload: &Upload, object: &Object) -> Option<Mismatch> {
    if upload.was_stored() {
        return None;
    }
    let announced = upload.size.bytes();
    let right_size = match upload.transfer {
        Transfer::Form => object.size <= announced,
        Transfer::Put | Transfer::Multipart { .. } | Transfer::OpenMultipart { .. } => {
            object.size == announced
        }
    };
    let digest = upload.sha256.as_ref();
    let right_digest = digest.is_none_or(|digest| object.sha256 == Some(*digest.as_bytes()));
    match (right_size, right_digest) {
        (false, _) => Some(Mismatch::Size),
        (true, false) => Some(Mismatch::Checksum),
        (true, true) => None,
    }
}
