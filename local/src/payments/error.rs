use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error in the provider's form (<https://docs.stripe.com/api/errors>).
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub status: u16,
    pub body: Value,
}

impl ApiError {
    pub fn new(status: u16, kind: &str, message: &str) -> Self {
        let body = json!({"error": {"type": kind, "message": message}});
        Self { status, body }
    }

    pub fn invalid(param: &str, message: &str) -> Self {
        let mut error = Self::new(400, "invalid_request_error", message);
        if !param.is_empty() {
            error.body["error"]["param"] = json!(param);
        }
        error
    }

    pub fn missing(id: &str) -> Self {
        let error = Self::new(
            404,
            "invalid_request_error",
            &format!("No such object: '{id}'"),
        );
        error.with_code("resource_missing")
    }

    pub fn internal(message: &str) -> Self {
        Self::new(500, "api_error", message)
    }

    pub fn with_code(mut self, code: &str) -> Self {
        self.body["error"]["code"] = json!(code);
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(self.body)).into_response()
    }
}
