#![doc = include_str!("../README.md")]

pub mod accounts;
mod attempts;
mod bulk;
mod capacity;
mod comparisons;
mod credentials;
mod email_tokens;
mod erased;
mod error;
mod expression;
mod idempotency;
/// The items in the records of streams.
pub mod images;
mod library;
mod limits;
mod mail_blocks;
mod mail_limits;
mod offers;
mod orders;
mod outbox;
mod person;
mod products;
mod public_keys;
mod quotas;
mod read_grants;
pub mod recovery;
mod row;
mod sessions;
mod sign_ups;
mod sold_files;
mod table;
mod transaction;
mod upload_grants;
/// The uploads, and the counters of their owners' bytes.
pub mod uploads;
mod users;
/// The endpoints of webhooks, and the deliveries to them.
pub mod webhooks;
mod write;

#[cfg(test)]
mod request_counts;
#[cfg(test)]
mod tests;

pub use accounts::AccountTables;
pub use bulk::{ACCOUNTS_PER_WRITE, ADDRESSES_PER_READ, put_accounts};
pub use comparisons::ComparisonClaim;
pub use credentials::{Credential, CredentialSummary, Credentials};
pub use email_tokens::EmailTokens;
pub use error::StoreError;
pub use idempotency::{Idempotency, IdempotencyRecord, NewRecord};
pub use library::{Entitlements, ProductCopy, ProductTitles};
pub use limits::Limits;
pub use mail_blocks::MailBlocks;
pub use mail_limits::{MailClaim, MailLimit, MailLimits, OrderRef};
pub use offers::{OfferCopy, Offers};
pub use orders::{Checkout, OrderChange, OrderRecord, Orders, Placement};
pub use outbox::{MailOrder, Outbox, languages_of};
pub use person::{CredentialFacts, GrantToPerson};
pub use products::{ProductChange, ProductCreation, Products};
pub use public_keys::PublicKeyTable;
pub use quotas::Quotas;
pub use read_grants::{
    ReadGrants, ReaderGrant, ReceivedGrant, reader_of, received_at, verified_address_id,
};
pub use sessions::{LiveSessions, Rotation, Session, SessionEntry, Sessions};
pub use sign_ups::{PendingSignUp, SignUps};
pub use sold_files::{SoldFiles, SoldIn, SoldProduct};
pub use table::client;
pub use upload_grants::UploadGrants;
pub use uploads::{UploadRecords, Uploads};
pub use users::{
    AccountState, FoundByName, UserChanges, UserUpdate, Users, is_deletion_key, name_attributes,
};
pub use webhooks::{WebhookDeliveries, WebhookEndpoints};
