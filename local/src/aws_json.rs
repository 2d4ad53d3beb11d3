//! The AWS JSON protocols: `X-Amz-Target` names the operation, the body is JSON, and errors are
//! JSON with a `__type`. <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{iam::Denied, signature::Unauthenticated};

/// The maximum request size of `DynamoDB`. SSM requests are much smaller.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// A version of the protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dialect {
    /// JSON 1.0, errors in the namespace of the service framework.
    DynamoDb,
    /// JSON 1.1, errors without a namespace.
    Ssm,
    /// JSON 1.0. Its errors have codes of their own.
    Sqs,
    /// JSON 1.1, errors without a namespace.
    Events,
}

/// An error response.
#[derive(Debug)]
pub(crate) struct AwsError {
    status: StatusCode,
    code: String,
    message: Option<String>,
}

impl AwsError {
    pub(crate) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.into(),
            message: Some(message.into()),
        }
    }

    /// An error that AWS sends without a message.
    pub(crate) fn bare(code: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.into(),
            message: None,
        }
    }

    /// A failure of the engine.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalServerError".to_owned(),
            message: Some(message.into()),
        }
    }
}

impl std::fmt::Display for AwsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or(&self.code))
    }
}

impl From<Denied> for AwsError {
    fn from(denied: Denied) -> Self {
        Self::new("AccessDeniedException", denied.to_string())
    }
}

impl From<Unauthenticated> for AwsError {
    fn from(error: Unauthenticated) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl Dialect {
    /// Returns the operation in `X-Amz-Target`, if it belongs to this service.
    pub(crate) fn operation(self, headers: &HeaderMap) -> Option<&str> {
        let prefix = match self {
            Self::DynamoDb => "DynamoDB_20120810.",
            Self::Ssm => "AmazonSSM.",
            Self::Sqs => "AmazonSQS.",
            Self::Events => "AWSEvents.",
        };
        headers
            .get("x-amz-target")?
            .to_str()
            .ok()?
            .strip_prefix(prefix)
    }

    pub(crate) fn success(self, body: &Value) -> Response<Body> {
        self.response(StatusCode::OK, body.to_string())
    }

    pub(crate) fn error(self, error: &AwsError) -> Response<Body> {
        let code = match self {
            Self::DynamoDb => format!("com.amazon.coral.service#{}", error.code),
            Self::Ssm | Self::Sqs | Self::Events => error.code.clone(),
        };
        let mut body = json!({ "__type": code });
        if let Some(message) = &error.message {
            // AWS capitalises the field name for this error only.
            let name = if error.code == "AccessDeniedException" {
                "Message"
            } else {
                "message"
            };
            body[name] = json!(message);
        }
        self.response(error.status, body.to_string())
    }

    /// Builds a response with this JSON as its body.
    pub(crate) fn response(self, status: StatusCode, body: String) -> Response<Body> {
        let content_type = match self {
            Self::DynamoDb | Self::Sqs => "application/x-amz-json-1.0",
            Self::Ssm | Self::Events => "application/x-amz-json-1.1",
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        if let Ok(id) = Uuid::new_v4().to_string().parse() {
            headers.insert("x-amzn-requestid", id);
        }
        response
    }
}

/// Reads the head and the body of a request.
pub(crate) async fn read(request: Request<Body>) -> Result<(Parts, Bytes), AwsError> {
    let (parts, body) = request.into_parts();
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok((parts, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(AwsError {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            code: "RequestEntityTooLarge".to_owned(),
            message: None,
        }),
        Err(error) => Err(AwsError::internal(error.to_string())),
    }
}

/// Parses a request's body as JSON.
pub(crate) fn parse(body: &Bytes) -> Result<Value, AwsError> {
    serde_json::from_slice(body).map_err(|_| AwsError::bare("SerializationException"))
}
