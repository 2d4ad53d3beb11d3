use thiserror::Error;

use crate::aws_json::AwsError;

/// The errors of the Parameter Store. The messages are AWS's where it has one.
#[derive(Debug, Error)]
pub(crate) enum SsmError {
    /// The parameter exists, and the request does not allow overwriting.
    #[error(
        "The parameter already exists. To overwrite this value, set the overwrite option in the \
         request to true."
    )]
    AlreadyExists,
    /// The parameter does not exist.
    #[error("Parameter {0} not found.")]
    NotFound(String),
    /// The request is invalid.
    #[error("{0}")]
    Validation(String),
    /// The page token is invalid.
    #[error("The specified token isn't valid.")]
    InvalidNextToken,
    /// The filter is not supported.
    #[error("{0}")]
    InvalidFilter(String),
    /// The file cannot be written.
    #[error("the parameters cannot be written: {0}")]
    Save(#[from] std::io::Error),
}

impl SsmError {
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::Validation(message.into())
    }
}

impl From<SsmError> for AwsError {
    fn from(error: SsmError) -> Self {
        let code = match error {
            SsmError::AlreadyExists => "ParameterAlreadyExists",
            // AWS sends this error without a message.
            SsmError::NotFound(_) => return AwsError::bare("ParameterNotFound"),
            SsmError::Validation(_) => "ValidationException",
            SsmError::InvalidNextToken => "InvalidNextToken",
            SsmError::InvalidFilter(_) => "InvalidFilterKey",
            SsmError::Save(_) => return AwsError::internal(error.to_string()),
        };
        Self::new(code, error.to_string())
    }
}
