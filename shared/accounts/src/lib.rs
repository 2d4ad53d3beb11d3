#![doc = include_str!("../README.md")]

mod issuer;
mod passwords;

pub use issuer::{SessionTokens, TokenIssuer, TokenSigner};
pub use passwords::{Guess, Passwords};
