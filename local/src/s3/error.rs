//! Errors with S3's codes and messages.

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

/// An internal error.
pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> S3Error {
    S3Error::with_source(S3ErrorCode::InternalError, Box::new(error))
}

/// An error for a feature that the local S3 does not support.
pub(crate) fn not_implemented(what: &str) -> S3Error {
    s3_error!(NotImplemented, "{what} is not supported by the local S3.")
}

pub(crate) fn no_such_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist.")
}

pub(crate) fn no_such_version() -> S3Error {
    s3_error!(NoSuchVersion, "The specified version does not exist.")
}

pub(crate) fn no_such_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may \
         have been aborted or completed."
    )
}

pub(crate) fn precondition_failed() -> S3Error {
    s3_error!(
        PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold"
    )
}

/// A bad request with a code that s3s does not know, for which it would return 500.
pub(crate) fn custom(code: &'static str, message: impl Into<String>) -> S3Error {
    let code = S3ErrorCode::Custom(code.into());
    let mut error = S3Error::with_message(code, message.into());
    error.set_status_code(StatusCode::BAD_REQUEST);
    error
}
