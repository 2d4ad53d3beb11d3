//! The object store, by the real SDK and by plain HTTP.

mod cors;
mod forms;
mod locks;
mod multipart;
mod objects;
mod presigned;
mod rights;

use std::time::Duration;

use aws_sdk_s3::{
    error::{ProvideErrorMetadata, SdkError},
    presigning::PresigningConfig,
};

/// The bucket with versions, locks, events and CORS.
pub const FILES: &str = "cloakroom-dev-files";
/// The bucket with nothing.
pub const PLAIN: &str = "cloakroom-dev-plain";
/// The access point to the first one.
pub const DOOR: &str = "cloakroom-dev-door-s3alias";

/// The code of an error.
pub fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    error.code().unwrap_or_default()
}

/// A minute.
pub fn presigning() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_mins(1)).unwrap()
}
