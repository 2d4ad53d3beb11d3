use time::OffsetDateTime;

use super::{Grantee, Upload, UploadStatus};
use crate::UserId;

/// The permission to read one upload. It ends when the upload is deleted, also if the upload is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadGrant {
    /// Who may read it.
    pub grantee: Grantee,
    /// When it was given.
    pub granted_at: OffsetDateTime,
}

impl Upload {
    /// Whether the owner can give read grants for the upload: while it is pending or stored. A failed or deleted upload has
    /// no grants.
    #[must_use]
    pub const fn accepts_read_grants(&self) -> bool {
        self.status().accepts_read_grants()
    }

    /// Whether a read grant lets its reader download the file. A grant ends when the upload is deleted, also if the upload is
    /// restored: it is valid while the upload was deleted as often as when the grant was given.
    #[must_use]
    pub fn is_readable_with(&self, deletions_at_grant: u32) -> bool {
        self.status() == UploadStatus::Stored && self.deletions == deletions_at_grant
    }
}

impl UploadStatus {
    /// As [`Upload::accepts_read_grants`].
    #[must_use]
    pub const fn accepts_read_grants(self) -> bool {
        match self {
            Self::Pending | Self::Stored => true,
            Self::Failed | Self::Deleted => false,
        }
    }
}

/// The permission to upload as its owner, for programs that cannot send a header.
///
/// It ends with the account's session epoch: at a sign-out everywhere, a new password, when the account is disabled or
/// deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadGrant {
    /// The user whose uploads it creates.
    pub owner: UserId,
    /// The account's session epoch when it was given.
    pub epoch: u64,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

impl UploadGrant {
    /// The session epoch that a grant may be given in: the account's, if the session of the caller belongs to it. An access
    /// token outlives its session by some minutes, and a grant would extend them to its own lifetime.
    ///
    /// `account` is the epoch of an active account, `session` that of the caller's session; `None` where there is none.
    #[must_use]
    pub fn epoch_to_give(account: Option<u64>, session: Option<u64>) -> Option<u64> {
        account.filter(|epoch| session == Some(*epoch))
    }

    /// Whether the grant is valid, given the session epoch of the owner's account; `None` when the account is disabled or
    /// deleted.
    #[must_use]
    pub fn is_valid(&self, account: Option<u64>, now: OffsetDateTime) -> bool {
        now.unix_timestamp() < self.expires_at.unix_timestamp() && account == Some(self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::UploadId;
    use crate::upload::{ContentType, Counter, End, Filename, Size, State, StoredFile, Transfer};

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    fn upload(state: State) -> Upload {
        Upload {
            id: UploadId::new(NOW),
            owner: UserId::new(NOW),
            filename: Filename::parse("a.txt").unwrap(),
            content_type: ContentType::unknown(),
            size: Size::MAX_SINGLE,
            sha256: None,
            state,
            transfer: Transfer::Put,
            thumbnail: None,
            created_at: NOW,
            locked_until: None,
            sold_in: std::collections::BTreeSet::new(),
            is_erased: false,
            deletions: 2,
            due_at: None,
            revision: 1,
        }
    }

    #[test]
    fn read_grants_are_given_for_pending_and_stored_uploads_and_read_stored_ones() {
        let file = || StoredFile {
            version_id: "v1".to_owned(),
            stored_at: NOW,
        };
        let (keep_until, counter) = (NOW, Counter::Used);
        let (end, is_hidden) = (End::Failed, true);
        for (state, accepts, is_readable) in [
            (State::Pending, true, false),
            (State::Stored(file()), true, true),
            (
                State::Kept {
                    file: file(),
                    keep_until,
                    is_hidden,
                },
                false,
                false,
            ),
            (
                State::Restoring {
                    file: file(),
                    keep_until,
                },
                false,
                false,
            ),
            (State::Purging { end, counter }, false, false),
            (State::Gone { end, at: NOW }, false, false),
        ] {
            let upload = upload(state);
            assert_eq!(upload.accepts_read_grants(), accepts, "{upload:?}");
            assert_eq!(upload.is_readable_with(2), is_readable, "{upload:?}");
            assert!(!upload.is_readable_with(1), "deleted since");
            assert!(!upload.is_readable_with(3));
        }
    }

    #[test]
    fn an_upload_grant_is_given_only_in_a_live_session() {
        for (account, session, expected) in [
            (Some(2), Some(2), Some(2)),
            (Some(2), Some(1), None),
            (Some(2), None, None),
            (None, Some(2), None),
            (None, None, None),
        ] {
            assert_eq!(UploadGrant::epoch_to_give(account, session), expected);
        }
    }

    #[test]
    fn an_upload_grant_is_valid_until_it_expires_or_the_epoch_changes() {
        let grant = UploadGrant {
            owner: UserId::new(NOW),
            epoch: 2,
            expires_at: NOW + Duration::HOUR,
        };
        assert!(grant.is_valid(Some(2), NOW));
        assert!(grant.is_valid(Some(2), grant.expires_at - Duration::SECOND));
        assert!(!grant.is_valid(Some(2), grant.expires_at));
        for account in [Some(1), Some(3), None] {
            assert!(!grant.is_valid(account, NOW), "{account:?}");
        }
    }
}
