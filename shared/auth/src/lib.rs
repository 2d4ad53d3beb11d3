#![doc = include_str!("../README.md")]

mod caller;
mod crypto;
mod digest;
pub mod email_token;
pub mod keys;
pub mod password;
/// Random bytes.
pub mod random;
pub mod refresh;
pub mod token;

pub use caller::Caller;
pub use digest::{sha256, sha256_bytes};
pub use random::NoRandomness;
