#![doc = include_str!("../README.md")]

mod admin_action;
mod display_text;
mod email;
mod email_token;
mod entitlement;
mod ids;
mod invalid;
mod languages;
mod lockout;
mod mail_block;
mod money;
mod name;
/// Orders: what is known of their payments, and the states that follow from it.
pub mod order;
mod password;
/// Products: what sellers write about them, and whether they are for sale.
pub mod product;
mod profile;
mod role;
mod search_name;
/// The refresh tokens of a session: which are exchanged, and which end it.
pub mod session;
mod time_window;
/// Uploads: their states, what requests and S3's events do to them, and what they are charged.
pub mod upload;
mod user;
/// Webhooks: endpoints, deliveries, and the addresses that they may reach.
pub mod webhook;

pub use admin_action::{AdminAction, AdminChange};
pub use clock::Clock;
pub use email::Email;
pub use email_token::{EmailTokenPurpose, StoredEmailToken};
pub use entitlement::{Claim, Entitlement, Source};
pub use ids::{
    AddressId, EndpointId, EventId, ListingId, OrderId, ProductId, ReceivedId, SessionId, UploadId,
    UserId,
};
pub use invalid::Invalid;
pub use languages::Languages;
pub use lockout::{AttemptRule, FailedAttempts, Lockout};
pub use mail_block::{MailBlock, MailBlockReason};
pub use money::{Currency, Money};
pub use name::Name;
pub use order::{Order, OrderStatus};
pub use password::{Password, PasswordAttempt};
pub use product::{Product, ProductStatus};
pub use profile::{Age, Patch, Profile, ProfilePatch};
pub use role::{Role, Roles};
pub use search_name::{NameKey, NamePrefix};
pub use time_window::{TimeWindow, left_in_window};
pub use upload::{Upload, UploadStatus};
pub use user::{AccountRef, DeletedUser, Status, User};
