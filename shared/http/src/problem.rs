use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{self, HeaderName},
};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use crate::FieldError;

/// Seconds that a client waits before it repeats a request that failed because of a dependency.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// An RFC 9457 problem response.
///
/// It contains only what the caller may know. The internal cause is logged where it occurs.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// An RFC 9457 problem response.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument<'a> {
    /// Always `about:blank`; `code` distinguishes problems.
    r#type: &'static str,
    /// The reason phrase of the status, such as `Not Found`.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong and what to do, for people.
    detail: &'a str,
    /// The id of the request, as in `x-request-id`.
    instance: &'a str,
    /// A stable word for programs.
    code: &'a str,
    /// The same as `detail`; upload widgets show this member.
    message: &'a str,
    /// All invalid fields, when `code` is `validation_failed`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    /// Creates a problem with a stable word for programs and a text for people.
    #[must_use]
    pub const fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self {
            status,
            code,
            detail: Cow::Borrowed(detail),
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// 422: the request has invalid fields.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = "The request is invalid. Correct the fields that `errors` lists.";
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_failed",
            detail,
        );
        Self { errors, ..problem }
    }

    /// 422: the cursor is not one of this list.
    #[must_use]
    pub const fn invalid_cursor() -> Self {
        let detail = "Invalid `cursor`. Start with the first page, without a cursor.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_cursor", detail)
    }

    /// 401: the request has no access token (RFC 6750, section 3.1: the challenge then names no error).
    #[must_use]
    pub fn unauthorized() -> Self {
        let detail = "An access token is required. Send one from `POST /signin` as `Authorization: Bearer <token>`.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 401: the access token is not accepted. The log has the reason.
    #[must_use]
    pub fn invalid_token() -> Self {
        let detail =
            "The access token is invalid or has expired. Refresh the session, or sign in again.";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", detail).with_header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer error=\"invalid_token\""),
        )
    }

    /// 401: the session of the access token has ended, or its account is disabled or deleted.
    #[must_use]
    pub fn session_ended() -> Self {
        let detail = "The session of this access token has ended. Sign in again.";
        Self::new(StatusCode::UNAUTHORIZED, "session_ended", detail).with_header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer error=\"invalid_token\""),
        )
    }

    /// 401 of the sign-in: the same text for an unknown address, a wrong password, and a disabled or locked account.
    #[must_use]
    pub fn invalid_credentials() -> Self {
        let detail = "Invalid email or password. Check both, or try again in a few minutes.";
        Self::wrong_password(detail)
    }

    /// 401 of routes that ask a signed-in user for the password: the same text for a wrong password and a locked account.
    #[must_use]
    pub fn invalid_password() -> Self {
        let detail = "Invalid password. Check it, or try again in a few minutes.";
        Self::wrong_password(detail)
    }

    fn wrong_password(detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: the caller lacks the required role.
    #[must_use]
    pub const fn forbidden() -> Self {
        let detail = "You don't have permission to do this.";
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: it does not exist, or it is not the caller's.
    #[must_use]
    pub const fn not_found() -> Self {
        let detail = "This does not exist, or you don't have access to it. Check the path.";
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 409: an account has this email address.
    #[must_use]
    pub const fn email_taken() -> Self {
        let detail = "An account with this email address already exists. Sign in instead.";
        Self::new(StatusCode::CONFLICT, "email_taken", detail)
    }

    /// 409: other requests changed the account during every attempt.
    #[must_use]
    pub const fn changed_meanwhile() -> Self {
        let detail = "Another request changed the account at the same time. Try again.";
        Self::new(StatusCode::CONFLICT, "changed_meanwhile", detail)
    }

    /// 405. The caller adds `Allow`.
    #[must_use]
    pub const fn method_not_allowed() -> Self {
        let detail = "This path does not support the method. Use one that `Allow` lists.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 501: the operation needs mail, and no sender is configured.
    #[must_use]
    pub const fn mail_not_configured() -> Self {
        let detail = "This API does not send mail. Ask its operator for help.";
        Self::new(StatusCode::NOT_IMPLEMENTED, "mail_not_configured", detail)
    }

    /// 503: a dependency fails. It is unknown whether a change took effect.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail = "The service is temporarily unavailable. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .with_header(header::RETRY_AFTER, RETRY_AFTER)
    }

    /// 500: an internal error. Logs the cause.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal_error");
        let detail = "An internal error occurred. Report it with the request id in `instance`.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    }

    /// Sets a header, and replaces one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        self
    }

    /// Replaces the detail, for one with the numbers of this case.
    #[must_use]
    pub fn with_detail(mut self, detail: String) -> Self {
        self.detail = Cow::Owned(detail);
        self
    }

    /// Replaces the detail by the first field error, for clients that show only the `message`.
    #[must_use]
    pub fn with_first_error_as_detail(mut self) -> Self {
        if let Some(first) = self.errors.first() {
            let field = first.pointer.trim_start_matches('/');
            self.detail = Cow::Owned(format!("{field}: {}", first.detail));
        }
        self
    }

    /// Renders the response to the request of this id.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let document = ProblemDocument {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: request_id,
            code: self.code,
            message: &self.detail,
            errors: &self.errors,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let content_type = (header::CONTENT_TYPE, "application/problem+json");
        let mut response = (self.status, [content_type], body).into_response();
        response.headers_mut().extend(self.headers.iter().cloned());
        response
    }

    /// Returns the invalid fields of the request.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Returns the stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

/// Does not render the document yet: only [`crate::with_middleware`] knows the request id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => {
                tracing::error!(cause, "store_unavailable");
                Self::unavailable()
            }
            StoreError::Conflict => {
                tracing::error!(%error, "store_conflict");
                Self::unavailable()
            }
            StoreError::Corrupt(_) | StoreError::Request(_) => Self::internal(&error),
        }
    }
}
