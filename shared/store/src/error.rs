use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};

/// `DynamoDB` did not answer, or an item cannot be read. Whether a write happened is unknown.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `DynamoDB` did not answer, or refused for the moment, on every try.
    #[error("{0}")]
    Unavailable(String),
    /// An attribute of an item is missing or cannot be read.
    #[error("an item has no usable {0}")]
    Corrupt(&'static str),
    /// Other requests changed an item at every try.
    #[error("an item was changed by other requests at every try")]
    Conflict,
    /// A field of a request is missing.
    #[error("{0}")]
    Request(#[from] BuildError),
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self::Unavailable(settings::aws::explain(&error))
    }
}
