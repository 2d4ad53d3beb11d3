use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata, SdkError};

/// S3 could not tell or could not do. What happened to a write is then unknown, not undone.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// It did not answer, or answered with what no caller is to blame for.
    #[error("{0}")]
    Unavailable(String),
    /// We left something out of a request, or it of an answer.
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

/// The service's word for what went wrong.
pub(crate) fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}
