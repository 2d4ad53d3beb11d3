//! The checks, one in each file.

pub(super) mod access_points;
pub(super) mod account;
pub(super) mod api;
pub(super) mod bucket;
pub(super) mod bucket_cors;
pub(super) mod clock;
pub(super) mod delivery;
pub(super) mod keys;
pub(super) mod mail;
pub(super) mod quotas;
pub(super) mod stack;
pub(super) mod tables;
