//! The checks, one in each file.

pub(super) mod account;
pub(super) mod api;
pub(super) mod clock;
pub(super) mod keys;
pub(super) mod stack;
pub(super) mod tables;
