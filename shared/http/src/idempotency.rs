use axum::extract::FromRequestParts;
use http::{HeaderValue, StatusCode, header, request::Parts};
use ring::digest::{Context, SHA256};

use crate::Problem;

/// Several times the length of a UUID or a hash.
const MAX_BYTES: usize = 255;

const INVALID: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid_idempotency_key",
    "Invalid `Idempotency-Key`. Send it once, with 1 to 255 visible ASCII characters.",
);

/// The `Idempotency-Key` of a request: a repeated request with the same key takes effect once
/// (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// 422: the key was sent with another request.
    pub const REUSED: Problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "This `Idempotency-Key` was sent with another request. Use a new key for each request.",
    );

    /// 409: requests with this key are still running.
    #[must_use]
    pub fn in_progress() -> Problem {
        Problem::new(
            StatusCode::CONFLICT,
            "request_in_progress",
            "Requests with this `Idempotency-Key` are still running. Try again after `Retry-After` seconds.",
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

/// Returns a digest of the fields of a request, which tells whether a repeated request is the same one.
#[must_use]
pub fn fingerprint(fields: &[Option<&str>]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for field in fields {
        // The length prefix keeps ("ab", "c") apart from ("a", "bc").
        let bytes = field.unwrap_or_default().as_bytes();
        context.update(&[u8::from(field.is_some())]);
        context.update(&bytes.len().to_be_bytes());
        context.update(bytes);
    }
    let digest = context.finish();
    std::array::from_fn(|i| digest.as_ref()[i])
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => {
                let key = value.to_str().map_err(|_| INVALID)?.trim();
                let visible = key
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() || byte == b' ');
                let fits = (1..=MAX_BYTES).contains(&key.len());
                if visible && fits {
                    Ok(Self(Some(key.to_owned())))
                } else {
                    Err(INVALID)
                }
            }
            (Some(_), Some(_)) => Err(INVALID),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_fields_have_the_same_fingerprint() {
        let fields = [Some("ab"), Some("c"), None];
        assert_eq!(fingerprint(&fields), fingerprint(&fields));
        for other in [
            [Some("a"), Some("bc"), None],
            [Some("ab"), None, Some("c")],
            [Some("ab"), Some("c"), Some("")],
            [Some("c"), Some("ab"), None],
        ] {
            assert_ne!(fingerprint(&fields), fingerprint(&other), "{other:?}");
        }
    }
}
