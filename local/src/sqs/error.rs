//! The errors of SQS. Each has two codes: that of the JSON protocol, and that of the older query protocol, which SDKs show.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>

use axum::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::{
    aws_json::{AwsError, Dialect},
    iam::Denied,
    signature::Unauthenticated,
};

/// An error response.
#[derive(Debug)]
pub(crate) struct SqsError {
    status: StatusCode,
    /// The namespace and the name of the error.
    kind: String,
    /// The code of the query protocol.
    pub(super) code: String,
    pub(super) message: String,
}

impl SqsError {
    fn new(kind: &str, code: &str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: format!("com.amazonaws.sqs#{kind}"),
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// An error of SQS whose query code has the prefix of the service.
    pub(super) fn prefixed(kind: &str, message: impl Into<String>) -> Self {
        Self::new(kind, &format!("AWS.SimpleQueueService.{kind}"), message)
    }

    pub(super) fn no_queue() -> Self {
        let code = "AWS.SimpleQueueService.NonExistentQueue";
        Self::new(
            "QueueDoesNotExist",
            code,
            "The specified queue does not exist.",
        )
    }

    /// A parameter has an invalid value.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self {
            kind: "com.amazon.coral.service#InvalidParameterValueException".to_owned(),
            ..Self::new("", "InvalidParameterValue", message)
        }
    }

    /// A parameter is missing.
    pub(super) fn missing(name: &str) -> Self {
        let message = format!("The request must contain the parameter {name}.");
        Self {
            kind: "com.amazon.coral.service#MissingRequiredParameterException".to_owned(),
            ..Self::new("", "MissingParameter", message)
        }
    }

    pub(super) fn handle(handle: &str) -> Self {
        let message =
            format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        Self::new("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", message)
    }

    pub(super) fn attribute_name(name: &str) -> Self {
        Self::new(
            "InvalidAttributeName",
            "InvalidAttributeName",
            format!("Unknown Attribute {name}."),
        )
    }

    pub(super) fn contents(message: impl Into<String>) -> Self {
        Self::new("InvalidMessageContents", "InvalidMessageContents", message)
    }

    pub(super) fn no_resource(message: impl Into<String>) -> Self {
        let code = "ResourceNotFoundException";
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::new(code, code, message)
        }
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::prefixed("UnsupportedOperation", message)
    }

    fn internal(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..Self::new("InternalFailure", "InternalFailure", message)
        }
    }

    fn forbidden(code: &str, message: String) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            kind: format!("com.amazon.coral.service#{code}"),
            ..Self::new("", code, message)
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let fault = if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let body = json!({"__type": self.kind, "message": self.message});
        let mut response = Dialect::Sqs.response(self.status, body.to_string());
        if let Ok(code) = HeaderValue::from_str(&format!("{};{fault}", self.code)) {
            let name = HeaderName::from_static("x-amzn-query-error");
            response.headers_mut().insert(name, code);
        }
        response
    }
}

impl std::fmt::Display for SqsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Denied> for SqsError {
    fn from(denied: Denied) -> Self {
        Self::forbidden("AccessDeniedException", denied.to_string())
    }
}

impl From<Unauthenticated> for SqsError {
    fn from(error: Unauthenticated) -> Self {
        Self::forbidden(error.code(), error.to_string())
    }
}

impl From<AwsError> for SqsError {
    fn from(error: AwsError) -> Self {
        Self::new("InvalidRequest", "InvalidRequest", error.to_string())
    }
}

impl From<rusqlite::Error> for SqsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(format!("the messages cannot be read or written: {error}"))
    }
}
