//! Reads what is stored about a person.

use domain::{
    MailBlock, Upload, User,
    upload::{Grantee, ReadGrant, Size, UploadStatus, Usage},
};
use http_api::{Timestamp, UploadView};
use serde::Serialize;
use store::{CredentialFacts, LiveSessions, ReceivedGrant, SessionEntry, reader_of};
use time::OffsetDateTime;

use super::{Error, account::AccountArg, tables::PersonTables, view::AccountView};

/// An account, with what `cloakroom users show` counts.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) user: User,
    pub(super) credential: CredentialFacts,
    pub(super) sessions: Vec<SessionEntry>,
    pub(super) usage: Usage,
    pub(super) mail_block: Option<MailBlock>,
}

impl Person {
    pub(super) async fn read(
        tables: &PersonTables,
        account: &AccountArg,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let user = account.find(&tables.accounts).await?;
        let facts = tables.accounts.credentials.facts(&user.email).await?;
        let state = tables.accounts.users.account_state(user.id).await?;
        // Deleted since it was found.
        let gone = || Error::NoAccount(account.to_string());
        let credential = facts
            .filter(|facts| facts.user_id == user.id)
            .ok_or_else(gone)?;
        let live = LiveSessions {
            owner: user.id,
            epoch: state.ok_or_else(gone)?.session_epoch,
            before: None,
            limit: usize::MAX,
        };
        Ok(Self {
            sessions: tables.sessions.live(live, now).await?,
            usage: tables.uploads.quotas().usage(user.id).await?,
            mail_block: tables.mail_blocks.find(&user.email, now).await?,
            user,
            credential,
        })
    }
}

/// What is stored about a person, without password hashes, tokens and keys.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Export {
    exported_at: Timestamp,
    account: AccountView,
    version: u64,
    email_verified_at: Option<Timestamp>,
    wrong_password_attempts: u64,
    locked_until: Option<Timestamp>,
    sessions: Vec<SessionExport>,
    usage: UsageExport,
    uploads: Vec<UploadExport>,
    grants_received: Vec<ReceivedExport>,
    mail_block: Option<MailBlockExport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionExport {
    id: String,
    created_at: Timestamp,
    last_used_at: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageExport {
    used: u64,
    kept: u64,
    open_uploads: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadExport {
    #[serde(flatten)]
    upload: UploadView,
    locked_until: Option<Timestamp>,
    s3_key: String,
    grants: Vec<GivenExport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GivenExport {
    /// The id of a user, an address, or the word for all users.
    grantee: String,
    granted_at: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceivedExport {
    upload: String,
    owner: String,
    granted_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct MailBlockExport {
    reason: &'static str,
    since: Timestamp,
}

impl Export {
    /// Reads all of it.
    pub(super) async fn read(
        tables: &PersonTables,
        account: &AccountArg,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let person = Person::read(tables, account, now).await?;
        let id = person.user.id;
        let mut uploads = Vec::new();
        for upload in tables.uploads.all_of(id).await? {
            let grants = tables.read_grants.all_given(&upload).await?;
            uploads.push(UploadExport::of(&upload, &grants));
        }
        let address = person.credential.verified_at.map(|_| &person.user.email);
        let received = tables.read_grants.scan_received(id, address).await?;
        Ok(Self {
            exported_at: Timestamp(now),
            account: AccountView::of(&person.user),
            version: person.user.version,
            email_verified_at: person.credential.verified_at.map(Timestamp),
            wrong_password_attempts: person.credential.lockout.failed.number(),
            locked_until: person.credential.lockout.locked_until.map(Timestamp),
            sessions: person.sessions.iter().map(SessionExport::of).collect(),
            usage: UsageExport::of(&person.usage),
            uploads,
            grants_received: received.iter().map(ReceivedExport::of).collect(),
            mail_block: person.mail_block.map(|block| MailBlockExport {
                reason: block.reason.as_str(),
                since: Timestamp(block.since),
            }),
        })
    }
}

impl SessionExport {
    fn of(session: &SessionEntry) -> Self {
        Self {
            id: session.id.to_string(),
            created_at: Timestamp(session.created_at),
            last_used_at: Timestamp(session.last_used_at()),
        }
    }
}

impl UsageExport {
    const fn of(usage: &Usage) -> Self {
        Self {
            used: usage.used,
            kept: usage.kept,
            open_uploads: usage.open,
        }
    }
}

impl UploadExport {
    fn of(upload: &Upload, grants: &[ReadGrant]) -> Self {
        Self {
            upload: UploadView::from(upload),
            locked_until: upload.locked_until.map(Timestamp),
            s3_key: upload.key(),
            grants: grants.iter().map(GivenExport::of).collect(),
        }
    }
}

impl GivenExport {
    fn of(grant: &ReadGrant) -> Self {
        Self {
            grantee: match &grant.grantee {
                Grantee::Email(email) => email.display().to_owned(),
                grantee => reader_of(grantee).to_string(),
            },
            granted_at: Timestamp(grant.granted_at),
        }
    }
}

impl ReceivedExport {
    fn of(grant: &ReceivedGrant) -> Self {
        Self {
            upload: grant.upload.to_string(),
            owner: grant.grant.owner.to_string(),
            granted_at: Timestamp(grant.granted_at),
        }
    }
}

/// The number and the bytes of a person's stored uploads.
pub(super) fn stored(uploads: &[Upload]) -> (usize, u64) {
    let stored = uploads
        .iter()
        .filter(|upload| upload.status() == UploadStatus::Stored);
    let bytes = stored
        .clone()
        .filter_map(Upload::known_size)
        .map(Size::bytes);
    (stored.count(), bytes.sum())
}
