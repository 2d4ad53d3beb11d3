use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};

/// Why an AWS call failed. The message is for the operator and contains no secret values.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    #[error(
        "no AWS region is configured: pass --region, set AWS_REGION, or pass a --profile that has a region"
    )]
    NoRegion,
    #[error(
        "no valid AWS credentials were found: pass --profile, set AWS_PROFILE, or run \
         `aws sso login` or `aws configure`\n  ({0})"
    )]
    NoCredentials(String),
    #[error("the local system is not running: {0} was not found. Start it with `cargo run`")]
    NotRunning(String),
    #[error(
        "there is no table {stack}-{table} at {endpoint}. Check that the stack is deployed there, or pass --stack for \
         another stack"
    )]
    NoTable {
        stack: String,
        table: &'static str,
        endpoint: String,
    },
    #[error(
        "several tables match: {}. An old stack may have left one: delete it if nothing uses it", .0.join(", ")
    )]
    SeveralTables(Vec<String>),
    #[error("AWS rejected the credentials: {0}")]
    BadCredentials(String),
    #[error("access denied: the credentials do not allow {action} on {name}\n  ({message})")]
    Denied {
        action: &'static str,
        name: String,
        message: String,
    },
    #[error(
        "{endpoint} cannot be reached for {action}. Check the network and the endpoint\n  ({message})"
    )]
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
    /// Classifies the error of an AWS call by what the operator can do about it.
    pub fn from_call<E>(
        action: &'static str,
        name: &str,
        endpoint: &str,
        error: &SdkError<E>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let name = name.to_owned();
        if let Some(service_error) = error.as_service_error()
            && let Some(code) = service_error.code()
        {
            let message = format!(
                "{code}: {}",
                service_error.message().unwrap_or("no message")
            );
            return Self::classify(action, name, code, message);
        }
        match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Self::Unreachable {
                action,
                endpoint: endpoint.to_owned(),
                message: root_cause(error),
            },
            _ => Self::Failed {
                action,
                name,
                message: root_cause(error),
            },
        }
    }

    /// Classifies an error response by its code.
    pub(super) fn from_code(action: &'static str, name: &str, code: &str, message: &str) -> Self {
        Self::classify(action, name.to_owned(), code, format!("{code}: {message}"))
    }

    fn classify(action: &'static str, name: String, code: &str, message: String) -> Self {
        match code {
            "AccessDeniedException" | "AccessDenied" | "AuthorizationError" => Self::Denied {
                action,
                name,
                message,
            },
            "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "IncompleteSignature"
            | "MissingAuthenticationToken" => Self::BadCredentials(message),
            _ => Self::Failed {
                action,
                name,
                message,
            },
        }
    }

    pub(super) fn from_credentials(error: &CredentialsError) -> Self {
        Self::NoCredentials(root_cause(error))
    }
}

/// Returns the message of the root cause: "connection refused" is more useful than "dispatch failure".
pub(super) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}
