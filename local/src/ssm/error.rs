use thiserror::Error;

use crate::aws_json::AwsError;

/// What a request to the Parameter Store can meet. The texts are AWS's own where it has one.
#[derive(Debug, Error)]
pub(crate) enum SsmError {
    /// The name is taken, and the request does not say to overwrite.
    #[error(
        "The parameter already exists. To overwrite this value, set the overwrite option in the \
         request to true."
    )]
    AlreadyExists,
    /// There is no such parameter.
    #[error("Parameter {0} not found.")]
    NotFound(String),
    /// The request breaks a rule.
    #[error("{0}")]
    Validation(String),
    /// A page token is not one of ours.
    #[error("The specified token isn't valid.")]
    InvalidNextToken,
    /// A filter is not known.
    #[error("{0}")]
    InvalidFilter(String),
    /// The file cannot be written.
    #[error("the parameters cannot be saved: {0}")]
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
            // This one comes without a message.
            SsmError::NotFound(_) => return AwsError::bare("ParameterNotFound"),
            SsmError::Validation(_) => "ValidationException",
            SsmError::InvalidNextToken => "InvalidNextToken",
            SsmError::InvalidFilter(_) => "InvalidFilterKey",
            SsmError::Save(_) => return AwsError::internal(error.to_string()),
        };
        Self::new(code, error.to_string())
    }
}
