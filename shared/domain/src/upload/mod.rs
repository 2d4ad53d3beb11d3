use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use crate::{Invalid, ProductId, UploadId, UserId};

mod contents;
mod file;
mod grant;
mod grantee;
mod lifecycle;
mod lock;
mod plan;
mod reader;
mod state;
mod thumbnail;
mod usage;

#[cfg(test)]
mod model;

pub use contents::{Action, Contents, DesiredContents, Plan, StoredVersion};
pub use file::{ContentType, Filename, Sha256};
pub use grant::{ReadGrant, UploadGrant};
pub use grantee::Grantee;
pub use lifecycle::{Event, Mismatch, Object, Outcome, Refusal, Transition};
pub use lock::{check_lock_length, lock_needs_password, lock_until};
pub use plan::{MAX_PARTS, PartNumber, PartPlan, Reservation, Size};
pub use reader::Reader;
pub use state::{Charge, ChargeChange, Counter, End, State, StoredFile, UploadStatus};
pub use thumbnail::{MAX_THUMBNAIL_BYTES, Thumbnail, ThumbnailType};
pub use usage::{Limit, MAX_OPEN, Room, Usage};

/// How long a presigned URL of an upload or a download is valid.
pub const URL_LIFETIME: Duration = Duration::hours(1);
/// How long a presigned URL of a file that was bought is valid: long enough to begin the download, too short to pass it on.
pub const SOLD_URL_LIFETIME: Duration = Duration::minutes(5);
/// How long the parts of a multipart upload may take; a day before the bucket's lifecycle rule aborts it.
pub const MULTIPART_LIFETIME: Duration = Duration::days(6);
/// How long after its last URL expired a transfer may still be running: S3 compares the time when a request begins.
const GRACE: Duration = Duration::minutes(30);

/// A file of a user, from its announcement on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upload {
    /// Identifies the upload; sorts by the time it was announced.
    pub id: UploadId,
    /// The user who uploads the file.
    pub owner: UserId,
    /// The file's name, as the owner wrote it.
    pub filename: Filename,
    /// The media type, as the owner wrote it. S3 serves the file with it.
    pub content_type: ContentType,
    /// Bytes that the owner's counters are charged with: announced or reserved while the upload is pending, then the
    /// size of the file in S3.
    pub size: Size,
    /// The digest that S3 compares the bytes with.
    pub sha256: Option<Sha256>,
    /// The state, with what belongs to it.
    pub state: State,
    /// How the bytes are sent.
    pub transfer: Transfer,
    /// The type of its thumbnail, which is an upload of its own ([`UploadId::thumbnail`]); `None` if none was announced.
    pub thumbnail: Option<ThumbnailType>,
    /// When the upload was announced.
    pub created_at: OffsetDateTime,
    /// Until when the file cannot be deleted (S3 Object Lock).
    pub locked_until: Option<OffsetDateTime>,
    /// The products that the file belongs to. It cannot be deleted while there are any.
    pub sold_in: BTreeSet<ProductId>,
    /// Whether the account of its owner is deleted. The record is deleted as soon as S3 holds nothing and can receive nothing.
    pub is_erased: bool,
    /// How often the file was deleted. A read grant is valid until the next deletion.
    pub deletions: u32,
    /// When the upload is due for the reconciler, if it is.
    pub due_at: Option<OffsetDateTime>,
    /// Counts the changes of the record: each change is conditional on the revision that it began with.
    pub revision: u64,
}

/// How the bytes of an upload are sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// One presigned PUT.
    Put,
    /// One form with a POST policy.
    Form,
    /// Parts of a planned size, each by a presigned PUT.
    Multipart {
        /// S3's id of the multipart upload.
        s3_id: String,
        /// Bytes of every part but the last.
        part_size: u64,
    },
    /// Parts of a file whose size was not announced. Their URLs have no signed length, so what S3 received is measured
    /// before more of them are signed.
    UnsizedMultipart {
        /// S3's id of the multipart upload.
        s3_id: String,
        /// How many part URLs may be signed before the next measurement.
        signings_left: u32,
    },
}

/// The announcement of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The user who uploads the file.
    pub owner: UserId,
    /// The id of the upload.
    pub id: UploadId,
    /// The file's name.
    pub filename: Filename,
    /// The media type.
    pub content_type: ContentType,
    /// Bytes to reserve.
    pub size: Size,
    /// The digest that S3 compares the bytes with.
    pub sha256: Option<Sha256>,
    /// How the bytes are sent.
    pub transfer: Transfer,
}

impl Upload {
    /// The key of the object in the bucket. It holds nothing that a caller wrote.
    #[must_use]
    pub fn key(&self) -> String {
        Self::key_of(self.owner, self.id)
    }

    /// The key of the object of this upload.
    #[must_use]
    pub fn key_of(owner: UserId, id: UploadId) -> String {
        format!("{owner}/{id}")
    }

    /// Parses an object key into owner and upload id.
    #[must_use]
    pub fn of_key(key: &str) -> Option<(UserId, UploadId)> {
        let (owner, id) = key.split_once('/')?;
        Some((UserId::parse(owner).ok()?, UploadId::parse(id).ok()?))
    }

    /// S3's id of the multipart upload, if the file comes in parts.
    #[must_use]
    pub fn multipart_id(&self) -> Option<&str> {
        match &self.transfer {
            Transfer::Multipart { s3_id, .. } | Transfer::UnsizedMultipart { s3_id, .. } => {
                Some(s3_id)
            }
            Transfer::Put | Transfer::Form => None,
        }
    }

    /// Bytes that a part must have; `None` when the size of the file was not announced.
    ///
    /// # Errors
    /// When the upload has no such part.
    pub fn part_bytes(&self, number: PartNumber) -> Result<Option<u64>, Invalid> {
        match self.transfer {
            Transfer::Multipart { part_size, .. } => PartPlan::with_part_size(self.size, part_size)
                .size_of(number)
                .map(Some),
            Transfer::UnsizedMultipart { .. } | Transfer::Put | Transfer::Form => Ok(None),
        }
    }

    /// The size that the API shows: `None` while the upload is pending and its size was not announced.
    #[must_use]
    pub fn known_size(&self) -> Option<Size> {
        let is_announced = matches!(self.transfer, Transfer::Put | Transfer::Multipart { .. });
        (is_announced || self.state.file().is_some()).then_some(self.size)
    }

    /// How long a download URL for this reader is valid.
    #[must_use]
    pub fn url_lifetime(&self, reader: UserId) -> Duration {
        if self.owner == reader || self.sold_in.is_empty() {
            URL_LIFETIME
        } else {
            SOLD_URL_LIFETIME
        }
    }

    /// The status that the API shows.
    #[must_use]
    pub const fn status(&self) -> UploadStatus {
        if self.is_erased {
            UploadStatus::Deleted
        } else {
            self.state.status()
        }
    }

    /// Whether nothing of an erased upload is left to do: the record can be deleted.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.is_erased && matches!(self.state, State::Gone { .. }) && self.due_at.is_none()
    }

    /// Whether a lock holds at `now`.
    #[must_use]
    pub fn is_locked(&self, now: OffsetDateTime) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// When the bytes of a pending upload cannot arrive any more.
    #[must_use]
    pub fn given_up_at(&self) -> OffsetDateTime {
        let transfer = match self.transfer {
            Transfer::Put | Transfer::Form => URL_LIFETIME,
            Transfer::Multipart { .. } | Transfer::UnsizedMultipart { .. } => {
                MULTIPART_LIFETIME + URL_LIFETIME
            }
        };
        self.created_at + transfer + GRACE
    }

    /// Until when S3 may still receive unwanted bytes under the key; `None` if it cannot.
    ///
    /// A PUT and a form work until they expire. The parts of an aborted multipart upload are refused, but for those that
    /// are being sent at that moment.
    fn may_receive_until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let end = match self.transfer {
            Transfer::Put | Transfer::Form => self.given_up_at(),
            Transfer::Multipart { .. } | Transfer::UnsizedMultipart { .. } => match self.state {
                State::Purging { .. } => now + GRACE,
                _ => return None,
            },
        };
        (now < end).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    #[test]
    fn an_object_key_is_parsed_into_its_upload() {
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
}
