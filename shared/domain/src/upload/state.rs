use time::OffsetDateTime;

use super::{Transfer, Upload};

/// The state of an upload.
///
/// ```text
/// Pending -> Stored <-> (Kept, Restoring)
///    |          |           |
///    +----------+-----------+--> Purging -> Gone
/// ```
///
/// A state says what S3 has to hold ([`super::DesiredContents`]) and what the owner is charged ([`Charge`]). The charge for bytes
/// is taken before S3 can receive them and given back after S3 has deleted them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum State {
    /// Announced; S3 has not received the file yet.
    Pending,
    /// S3 has the file, and downloads get it.
    Stored(StoredFile),
    /// Deleted by its owner. S3 keeps the version, so that it can be restored.
    Kept {
        /// The version that is kept.
        file: StoredFile,
        /// When it is deleted for good.
        keep_until: OffsetDateTime,
        /// Whether S3 has a delete marker on top of it.
        is_hidden: bool,
    },
    /// Being restored: S3 has to remove the delete marker.
    Restoring {
        /// The version that becomes current again.
        file: StoredFile,
        /// When it is deleted for good if its owner deletes it again before S3 has shown it.
        keep_until: OffsetDateTime,
    },
    /// S3 has to delete everything under the key. The bytes are charged until it has.
    Purging {
        /// How the upload ends.
        end: End,
        /// The counter that holds the charge.
        counter: Counter,
    },
    /// S3 holds nothing.
    Gone {
        /// How the upload ended.
        end: End,
        /// When S3 had deleted everything.
        at: OffsetDateTime,
    },
}

/// The version of the object that an upload consists of. It never changes: what arrives later under the same key is
/// deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoredFile {
    /// S3's id of the version.
    pub version_id: String,
    /// When S3 had all of it.
    pub stored_at: OffsetDateTime,
}

/// How an upload ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The bytes did not arrive, or were not those that were announced.
    Failed,
    /// The owner deleted it.
    Deleted,
}

/// A counter of an owner's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Current files and open uploads.
    Used,
    /// Deleted files that can still be restored.
    Kept,
}

/// The status of an upload in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadStatus {
    /// Announced; S3 has not received it yet.
    Pending,
    /// S3 has it.
    Stored,
    /// Given up, or not what was announced.
    Failed,
    /// Deleted by its owner.
    Deleted,
}

/// What an upload adds to its owner's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Charge {
    /// Bytes of current files and open uploads.
    pub used: u64,
    /// Bytes of deleted files that can still be restored.
    pub kept: u64,
    /// Uploads that are open: S3 may still receive bytes for them.
    pub open: u64,
}

/// The difference between two charges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChargeChange {
    /// Change of [`Charge::used`].
    pub used: i128,
    /// Change of [`Charge::kept`].
    pub kept: i128,
    /// Change of [`Charge::open`].
    pub open: i128,
}

impl State {
    /// The status that the API shows for it.
    #[must_use]
    pub const fn status(&self) -> UploadStatus {
        match self {
            Self::Pending => UploadStatus::Pending,
            Self::Stored(_) => UploadStatus::Stored,
            Self::Kept { .. } | Self::Restoring { .. } => UploadStatus::Deleted,
            Self::Purging { end, .. } | Self::Gone { end, .. } => match end {
                End::Failed => UploadStatus::Failed,
                End::Deleted => UploadStatus::Deleted,
            },
        }
    }

    /// The version that S3 has to hold.
    #[must_use]
    pub const fn file(&self) -> Option<&StoredFile> {
        match self {
            Self::Stored(file) | Self::Kept { file, .. } | Self::Restoring { file, .. } => {
                Some(file)
            }
            Self::Pending | Self::Purging { .. } | Self::Gone { .. } => None,
        }
    }
}

impl UploadStatus {
    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Stored => "stored",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }
}

impl Upload {
    /// What the upload adds to its owner's counters.
    #[must_use]
    pub const fn charge(&self) -> Charge {
        let (size, open) = (self.size.bytes(), 1);
        let (used, kept, open) = match &self.state {
            State::Pending => (size, 0, open),
            State::Stored(_) | State::Restoring { .. } => (size, 0, 0),
            State::Kept { .. } => (0, size, 0),
            State::Purging { counter, .. } => match counter {
                Counter::Used => (size, 0, open),
                Counter::Kept => (0, size, open),
            },
            // Until its URL has expired.
            State::Gone { .. } => (0, 0, if self.due_at.is_some() { open } else { 0 }),
        };
        Charge { used, kept, open }
    }

    /// Whether the file came by a form, which works again and again until it expires.
    pub(super) const fn is_form(&self) -> bool {
        matches!(self.transfer, Transfer::Form)
    }
}

impl Charge {
    /// What has to be added to `self` to get `to`.
    #[must_use]
    pub fn change_to(self, to: Self) -> ChargeChange {
        let change = |from: u64, to: u64| i128::from(to) - i128::from(from);
        ChargeChange {
            used: change(self.used, to.used),
            kept: change(self.kept, to.kept),
            open: change(self.open, to.open),
        }
    }
}

impl ChargeChange {
    /// Both changes together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            used: self.used + other.used,
            kept: self.kept + other.kept,
            open: self.open + other.open,
        }
    }

    /// Whether the counters stay as they are.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}
