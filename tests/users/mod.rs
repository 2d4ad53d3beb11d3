//! `/users`.

mod listing;
mod me;
mod one;
mod password;
