#![doc = include_str!("../README.md")]

pub mod accounts;
mod attempts;
mod comparisons;
mod credentials;
mod email_tokens;
mod error;
mod idempotency;
mod limits;
mod mail_limits;
mod marked;
mod outbox;
mod quotas;
mod read_grants;
pub mod recovery;
mod row;
mod sessions;
mod sign_ups;
mod table;
mod transaction;
mod upload_grants;
/// Uploads, and the counters of their owners' bytes.
pub mod uploads;
mod users;

#[cfg(test)]
mod tests;

pub use comparisons::ComparisonClaim;
pub use credentials::{Credential, Credentials, Holder};
pub use email_tokens::{EmailTokens, Purpose, StoredToken};
pub use error::StoreError;
pub use idempotency::{Idempotency, Record};
pub use limits::Limits;
pub use mail_limits::{MailClaim, MailLimit, MailLimits};
pub use outbox::{MailOrder, Outbox};
pub use quotas::{Limit, Quotas, Usage};
pub use read_grants::{ReadGrant, ReadGrants};
pub use sessions::{LiveSessions, Rotation, Session, SessionEntry, Sessions};
pub use sign_ups::{PendingSignUp, SignUps};
pub use table::client;
pub use upload_grants::{UploadGrant, UploadGrants};
pub use uploads::{UploadRecords, Uploads};
pub use users::{AccountState, Changes, Updated, Users};
