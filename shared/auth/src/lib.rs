#![doc = include_str!("../README.md")]

mod caller;
mod crypto;
pub mod email_token;
pub mod keys;
pub mod password;
mod random;
pub mod refresh;
pub mod token;

pub use caller::Caller;
pub use random::NoRandomness;
