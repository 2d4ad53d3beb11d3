//! Tests of the S3 engine with the AWS SDK and with plain HTTP.

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

/// The bucket with versioning, Object Lock, events and CORS.
pub const FILES: &str = "shop-dev-files";
/// The bucket without these features.
pub const PLAIN: &str = "shop-dev-plain";
/// The alias of the access point to the first bucket.
pub const DOOR: &str = "shop-dev-door-s3alias";

/// Returns the code of an error.
pub fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    error.code().unwrap_or_default()
}

/// One minute.
pub fn presigning() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_mins(1)).unwrap()
}
