#![doc = include_str!("../README.md")]

pub mod accounts;
mod attempts;
mod credentials;
mod error;
mod idempotency;
mod limits;
mod quotas;
mod read_grants;
mod row;
mod sessions;
mod table;
mod transaction;
mod upload_grants;
/// Uploads, and the steps of their lives.
pub mod uploads;
mod users;

#[cfg(test)]
mod tests;

pub use credentials::{Credential, Credentials};
pub use error::StoreError;
pub use idempotency::{Idempotency, Record};
pub use limits::Limits;
pub use quotas::Quotas;
pub use read_grants::{ReadGrant, ReadGrants};
pub use sessions::{Session, Sessions};
pub use table::client;
pub use upload_grants::{UploadGrant, UploadGrants};
pub use uploads::Uploads;
pub use users::{Changes, Updated, Users};
