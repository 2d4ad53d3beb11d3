//! `/users`.

pub mod export;
mod listing;
mod me;
mod one;
mod password;
