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

/// How long a caller is asked to wait when something behind us fails. Seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// An answer that is not the one hoped for (RFC 9457).
///
/// What the caller is told is all in here; what happened inside goes to the log where it happened.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Any answer that is not the one hoped for (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument<'a> {
    /// Always `about:blank`: `code` tells problems apart.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What was wrong and what to do, for people.
    detail: &'a str,
    /// The id of the request, as in `x-request-id`.
    instance: &'a str,
    /// What was wrong, for programs; it does not change.
    code: &'a str,
    /// The same as `detail`; upload widgets show this member to people.
    message: &'a str,
    /// Everything that is wrong with what was sent, when that is the problem.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    /// A problem with a stable word for programs and a sentence for people.
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

    /// 422: everything that is wrong with what was sent.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = "some of what was sent is not valid; `errors` lists every such place";
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "validation_failed",
            detail,
        );
        Self { errors, ..problem }
    }

    /// 422: a cursor that the list did not give out.
    #[must_use]
    pub const fn invalid_cursor() -> Self {
        let detail = "the cursor is not one that we gave out; start again without one";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_cursor", detail)
    }

    /// 401 for a request without a token (RFC 6750, section 3.1: then no error is named).
    #[must_use]
    pub fn unauthorized() -> Self {
        let detail = "send an access token from POST /signin as `Authorization: Bearer <token>`";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 401 for a token that is not accepted. Why it is not is in the log only.
    #[must_use]
    pub fn invalid_token() -> Self {
        let detail = "the access token is malformed, expired or not ours; sign in or refresh to get a new one";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", detail).with(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer error=\"invalid_token\""),
        )
    }

    /// 401 for a wrong password, or a right one for nobody. One text for all cases.
    #[must_use]
    pub fn invalid_credentials() -> Self {
        let detail = "the e-mail address and the password do not belong together";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", detail)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: we know who it is, and they may not.
    #[must_use]
    pub const fn forbidden() -> Self {
        let detail = "this is for people with a role that you do not have";
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: absent, or not the caller's.
    #[must_use]
    pub const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    /// 409: somebody has the address already.
    #[must_use]
    pub const fn email_taken() -> Self {
        let detail = "an account with this e-mail address exists already; sign in instead";
        Self::new(StatusCode::CONFLICT, "email_taken", detail)
    }

    /// 409: the account changed under every try.
    #[must_use]
    pub const fn changed_meanwhile() -> Self {
        let detail = "the account was changed by another request at the same time; try again";
        Self::new(StatusCode::CONFLICT, "changed_meanwhile", detail)
    }

    /// 405; `Allow` goes with it.
    #[must_use]
    pub const fn method_not_allowed() -> Self {
        let detail = "this path has other methods; `Allow` lists them";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 503: something behind us fails; whether a change happened is not known.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail = "a service behind this one does not answer; try again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .with(header::RETRY_AFTER, RETRY_AFTER)
    }

    /// 500: a mistake of ours. What it is goes to the log.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal_error");
        let detail = "a mistake on our side; the request id finds it in the log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail)
    }

    /// The same problem with this header, in place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        self
    }

    /// The same problem with a text of its own: with the numbers of this case.
    #[must_use]
    pub fn with_detail(mut self, detail: String) -> Self {
        self.detail = Cow::Owned(detail);
        self
    }

    /// The same problem for clients that show people the `message` and nothing else: it names the first of the errors.
    #[must_use]
    pub fn in_one_sentence(mut self) -> Self {
        if let Some(first) = self.errors.first() {
            let place = first.pointer.trim_start_matches('/');
            self.detail = Cow::Owned(format!("{place}: {}", first.detail));
        }
        self
    }

    /// The answer, for the request of this id.
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

    /// What is wrong with what was sent, when that is the problem.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The stable word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

/// Not rendered yet: the request id is known outside (see [`crate::finish`]).
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
            StoreError::Corrupt(_) | StoreError::Request(_) => Self::internal(&error),
        }
    }
}
