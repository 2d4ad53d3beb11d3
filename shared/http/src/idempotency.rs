use axum::extract::FromRequestParts;
use http::{HeaderValue, StatusCode, header, request::Parts};
use ring::digest::{Context, SHA256};

use crate::Problem;

/// As long as what a UUID or a hash needs several times over.
const MAX_BYTES: usize = 255;

const INVALID: Problem = Problem::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid_idempotency_key",
    "an Idempotency-Key is sent once and has 1 to 255 visible ASCII characters",
);

/// `Idempotency-Key`: the caller's name for a request, so that sending it again does it once
/// (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// 422: the key came with another request before.
    pub const REUSED: Problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "this Idempotency-Key came with another request before; use a new one for each request",
    );
}

impl IdempotencyKey {
    /// 409: requests with this key are still running.
    #[must_use]
    pub fn in_progress() -> Problem {
        Problem::new(
            StatusCode::CONFLICT,
            "request_in_progress",
            "Requests with this Idempotency-Key are still running. Send the request again after `Retry-After` seconds.",
        )
        .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

/// What a request asks for, as a digest: the same fields in the same order, or another one.
#[must_use]
pub fn fingerprint(fields: &[Option<&str>]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for field in fields {
        // With its length in front, no field can be mistaken for the end of another.
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
        let asked = [Some("ab"), Some("c"), None];
        assert_eq!(fingerprint(&asked), fingerprint(&asked));
        for other in [
            [Some("a"), Some("bc"), None],
            [Some("ab"), None, Some("c")],
            [Some("ab"), Some("c"), Some("")],
            [Some("c"), Some("ab"), None],
        ] {
            assert_ne!(fingerprint(&asked), fingerprint(&other), "{other:?}");
        }
    }
}
