use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata, SdkError};

/// S3 did not answer. Whether a write happened is unknown.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// It did not answer, or failed for no fault of the caller.
    #[error("{0}")]
    Unavailable(String),
    /// A field of a request or a response is missing.
    #[error("{0}")]
    Request(String),
}

impl<E, R> From<SdkError<E, R>> for StorageError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self::Unavailable(settings::aws::explain(&error))
    }
}

impl From<BuildError> for StorageError {
    fn from(error: BuildError) -> Self {
        Self::Request(error.to_string())
    }
}

/// The error code of the service.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}
