use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};

/// The store could not tell or could not do. What happened to a write is then unknown, not undone.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `DynamoDB` did not answer, or answered that it can't right now, on every try.
    #[error("{0}")]
    Unavailable(String),
    /// An item is not of the shape that we write.
    #[error("an item has no usable {0}")]
    Corrupt(&'static str),
    /// We left something out of a request.
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
