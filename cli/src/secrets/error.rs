use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};

/// Why a command did not do what it was asked to. The text is for the person who typed it, and names no value.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("no AWS region: give --region, set AWS_REGION, or choose a --profile that has one")]
    NoRegion,
    #[error(
        "no usable AWS credentials: give --profile, set AWS_PROFILE, or sign in with \
         `aws sso login` or `aws configure`\n  ({0})"
    )]
    NoCredentials(String),
    #[error("AWS does not accept these credentials: {0}")]
    BadCredentials(String),
    #[error("not allowed: {action} on {name}\n  ({message})")]
    Denied {
        action: &'static str,
        name: String,
        message: String,
    },
    #[error("Parameter Store cannot be reached at {0}\n  ({1})")]
    Unreachable(String, String),
    #[error("{action} on {name} failed: {message}")]
    Aws {
        action: &'static str,
        name: String,
        message: String,
    },
    #[error("{0} is already there: --overwrite replaces its value")]
    AlreadyThere(String),
    #[error(
        "{0:?} is no name: letters, digits, _ . - in parts separated by /, as in smtp/password"
    )]
    BadName(String),
    #[error("the value is empty: nothing was written")]
    EmptyValue,
    #[error("the value has {0} bytes, and a standard parameter holds 4096: nothing was written")]
    LongValue(usize),
    #[error("the value is not UTF-8: nothing was written")]
    NotText,
    #[error("{0}\n  (a broken key would make the functions refuse all keys: nothing was written)")]
    Key(#[from] auth::keys::KeyError),
    #[error("{0}")]
    NewKey(#[from] auth::keys::NewKeyError),
    #[error("making an RSA key failed: {0}")]
    Rsa(String),
    #[error(
        "{name} was written, its private half was not: {source}\n  \
         (run the command again: it starts over with a new key, and the half that is there does no harm)"
    )]
    HalfMade {
        name: String,
        #[source]
        source: Box<Self>,
    },
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Error {
    /// What an AWS call came back with, sorted by what one can do about it.
    pub(super) fn of_call<E>(
        action: &'static str,
        name: &str,
        endpoint: &str,
        error: &SdkError<E>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let name = name.to_owned();
        if let Some(answer) = error.as_service_error() {
            let code = answer.code().unwrap_or("unknown error");
            let message = format!("{code}: {}", answer.message().unwrap_or("no message"));
            return match code {
                "AccessDeniedException" | "AccessDenied" => Self::Denied {
                    action,
                    name,
                    message,
                },
                "UnrecognizedClientException"
                | "InvalidSignatureException"
                | "ExpiredTokenException"
                | "InvalidClientTokenId"
                | "IncompleteSignature"
                | "MissingAuthenticationToken" => Self::BadCredentials(message),
                _ => Self::Aws {
                    action,
                    name,
                    message,
                },
            };
        }
        match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                Self::Unreachable(endpoint.to_owned(), innermost(error))
            }
            _ => Self::Aws {
                action,
                name,
                message: innermost(error),
            },
        }
    }

    pub(super) fn of_credentials(error: &CredentialsError) -> Self {
        Self::NoCredentials(innermost(error))
    }
}

/// The last cause: "connection refused" says more than "dispatch failure".
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}
