#![doc = include_str!("../README.md")]

mod issuer;
mod passwords;

pub use issuer::{Issuing, SessionTokens, TokenIssuer};
pub use passwords::{Guess, Passwords};
