#![doc = include_str!("../README.md")]

mod clock;
mod display_text;
mod email;
mod failed_attempts;
mod ids;
mod invalid;
mod name;
mod password;
mod profile;
mod role;
/// How refresh tokens live and end.
pub mod session;
/// What a file is that a user brings.
pub mod upload;
mod user;

pub use clock::Clock;
pub use email::Email;
pub use failed_attempts::FailedAttempts;
pub use ids::{SessionId, UploadId, UserId};
pub use invalid::Invalid;
pub use name::Name;
pub use password::{Password, PasswordAttempt};
pub use profile::{Age, Patch, Profile, ProfilePatch};
pub use role::{Role, Roles};
pub use upload::{Upload, UploadStatus};
pub use user::{Status, User};
