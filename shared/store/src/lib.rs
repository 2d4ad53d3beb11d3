#![doc = include_str!("../README.md")]

pub mod accounts;
mod credentials;
mod error;
mod idempotency;
mod row;
mod sessions;
mod table;
mod transaction;
mod users;

#[cfg(test)]
mod tests;

pub use credentials::{Credential, Credentials};
pub use error::StoreError;
pub use idempotency::{Idempotency, Record};
pub use sessions::{Session, Sessions};
pub use table::client;
pub use users::{Changes, Updated, Users};
