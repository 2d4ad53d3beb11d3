use time::{Duration, OffsetDateTime};

use crate::{Invalid, UploadId, UserId};

mod file;
mod lock;
mod plan;
mod reader;

pub use file::{ContentType, Filename, Sha256};
pub use lock::{check_lock_length, lock_needs_password, lock_until};
pub use plan::{MAX_PARTS, PartNumber, PartPlan, Size};
pub use reader::Reader;

/// How long a presigned URL of an upload or a download is valid.
pub const URL_LIFETIME: Duration = Duration::hours(1);
/// How long the parts of a multipart upload may take; a day before the bucket's lifecycle rule aborts it.
pub const MULTIPART_LIFETIME: Duration = Duration::days(6);
/// How long after its last URL expired a transfer may still be going on: S3 checks the time when a request begins.
const GRACE: Duration = Duration::minutes(30);

/// A file that a user brings, from the moment it is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Names it, for ever; sorts by the time it was announced.
    pub id: UploadId,
    /// Whose it is.
    pub owner: UserId,
    /// What its owner calls it.
    pub filename: Filename,
    /// What its owner says it is. S3 serves it as this.
    pub content_type: ContentType,
    /// Bytes: announced, and enforced by S3. Of a form that is still open, the most it may have.
    pub size: Size,
    /// What S3 compares the bytes with.
    pub sha256: Option<Sha256>,
    /// Where it is in its life.
    pub status: UploadStatus,
    /// How the bytes come.
    pub transfer: Transfer,
    /// When it was announced.
    pub created_at: OffsetDateTime,
    /// When S3 had all of it.
    pub stored_at: Option<OffsetDateTime>,
    /// S3's name of the current version.
    pub version_id: Option<String>,
    /// Until when it can be neither deleted nor replaced (S3 Object Lock).
    pub locked_until: Option<OffsetDateTime>,
}

/// Where an upload is in its life: pending -> stored -> deleted. A pending one can also fail, and a deleted one come
/// back while S3 keeps its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadStatus {
    /// Announced; S3 does not have it yet.
    Pending,
    /// S3 has it.
    Stored,
    /// Given up, or not what was announced.
    Failed,
    /// Deleted by its owner.
    Deleted,
}

/// How the bytes of an upload come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transfer {
    /// One presigned PUT.
    Put,
    /// One form with a POST policy.
    Form,
    /// Parts, each by a presigned PUT.
    Multipart {
        /// S3's name of the multipart upload.
        s3_id: String,
    },
    /// Parts of a file whose size nobody announced: it is known, and counts, when they are put together.
    OpenMultipart {
        /// S3's name of the multipart upload.
        s3_id: String,
    },
}

impl UploadStatus {
    /// The word for it, in the API and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Stored => "stored",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }

    /// The status of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Stored, Self::Failed, Self::Deleted]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

impl Upload {
    /// A pending upload that is announced at `now`.
    #[must_use]
    pub fn announced(
        (owner, id): (UserId, UploadId),
        (filename, content_type): (Filename, ContentType),
        (size, sha256): (Size, Option<Sha256>),
        transfer: Transfer,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            owner,
            filename,
            content_type,
            size,
            sha256,
            status: UploadStatus::Pending,
            transfer,
            created_at: now,
            stored_at: None,
            version_id: None,
            locked_until: None,
        }
    }

    /// The key of the object in the bucket: chosen by us, so nothing a caller writes is part of it.
    #[must_use]
    pub fn key(&self) -> String {
        Self::key_of(self.owner, self.id)
    }

    /// The key of the object of this upload.
    #[must_use]
    pub fn key_of(owner: UserId, id: UploadId) -> String {
        format!("{owner}/{id}")
    }

    /// Whose which upload an object is.
    #[must_use]
    pub fn of_key(key: &str) -> Option<(UserId, UploadId)> {
        let (owner, id) = key.split_once('/')?;
        Some((UserId::parse(owner).ok()?, UploadId::parse(id).ok()?))
    }

    /// Whether it comes in parts, and S3's name for that.
    #[must_use]
    pub fn multipart_id(&self) -> Option<&str> {
        match &self.transfer {
            Transfer::Multipart { s3_id } | Transfer::OpenMultipart { s3_id } => Some(s3_id),
            Transfer::Put | Transfer::Form => None,
        }
    }

    /// Bytes that a part of it must have; nothing when nobody has said how it is cut.
    ///
    /// # Errors
    /// When it has no such part.
    pub fn part_bytes(&self, number: PartNumber) -> Result<Option<u64>, Invalid> {
        match self.transfer {
            Transfer::Multipart { .. } => PartPlan::of(self.size).size_of(number).map(Some),
            Transfer::OpenMultipart { .. } | Transfer::Put | Transfer::Form => Ok(None),
        }
    }

    /// Whether nobody has said how many bytes it will have, and S3 does not have them yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let unannounced = matches!(
            self.transfer,
            Transfer::Form | Transfer::OpenMultipart { .. }
        );
        unannounced && !self.was_stored()
    }

    /// Whether S3 had it once. A pending upload that S3 had is on its way back.
    #[must_use]
    pub const fn was_stored(&self) -> bool {
        self.stored_at.is_some()
    }

    /// Whether what is stored may still be replaced from outside: S3 cannot make a form conditional on there being
    /// nothing yet, as it can a PUT.
    #[must_use]
    pub fn may_be_replaced(&self, now: OffsetDateTime) -> bool {
        matches!(self.transfer, Transfer::Form) && now < self.given_up_at()
    }

    /// Whether a lock holds at `now`.
    #[must_use]
    pub fn is_locked(&self, now: OffsetDateTime) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// After this the bytes are not coming any more.
    #[must_use]
    pub fn given_up_at(&self) -> OffsetDateTime {
        let transfer = match self.transfer {
            Transfer::Put | Transfer::Form => URL_LIFETIME,
            Transfer::Multipart { .. } | Transfer::OpenMultipart { .. } => {
                MULTIPART_LIFETIME + URL_LIFETIME
            }
        };
        self.created_at + transfer + GRACE
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    #[test]
    fn a_key_leads_back_to_its_upload() {
        let (owner, id) = (UserId::new(NOW), UploadId::new(NOW));
        assert_eq!(
            Upload::of_key(&Upload::key_of(owner, id)),
            Some((owner, id))
        );
        for other in [
            String::new(),
            owner.to_string(),
            format!("{owner}/"),
            format!("{owner}/{id}/x"),
            format!("{owner}/../{id}"),
            format!("/{owner}/{id}"),
        ] {
            assert_eq!(Upload::of_key(&other), None, "{other}");
        }
    }

    #[test]
    fn every_status_has_a_word() {
        for status in ["pending", "stored", "failed", "deleted"] {
            assert_eq!(UploadStatus::parse(status).unwrap().as_str(), status);
        }
        assert_eq!(UploadStatus::parse("Stored"), None);
    }
}
