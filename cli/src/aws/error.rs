use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};

/// Why AWS could not be asked, or did not do it. The text is for the person who typed the command, and names no value.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    #[error("no AWS region: give --region, set AWS_REGION, or choose a --profile that has one")]
    NoRegion,
    #[error(
        "no usable AWS credentials: give --profile, set AWS_PROFILE, or sign in with \
         `aws sso login` or `aws configure`\n  ({0})"
    )]
    NoCredentials(String),
    #[error("no local system is running there: {0} is missing; start it with `cargo run`")]
    NotRunning(String),
    #[error("AWS does not accept these credentials: {0}")]
    BadCredentials(String),
    #[error("not allowed: {action} on {name}\n  ({message})")]
    Denied {
        action: &'static str,
        name: String,
        message: String,
    },
    #[error("{endpoint} cannot be reached for {action}\n  ({message})")]
    Unreachable {
        action: &'static str,
        endpoint: String,
        message: String,
    },
    #[error("{action} on {name} failed: {message}")]
    Failed {
        action: &'static str,
        name: String,
        message: String,
    },
}

impl AwsError {
    /// What an AWS call came back with, sorted by what one can do about it.
    pub fn of_call<E>(action: &'static str, name: &str, endpoint: &str, error: &SdkError<E>) -> Self
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
                _ => Self::Failed {
                    action,
                    name,
                    message,
                },
            };
        }
        match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Self::Unreachable {
                action,
                endpoint: endpoint.to_owned(),
                message: innermost(error),
            },
            _ => Self::Failed {
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
