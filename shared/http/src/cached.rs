use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::{IfNoneMatch, Problem};

/// How long browsers and CDNs may use a public response without asking again, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// Answers with a public representation, which caches may keep for a minute, or with 304 if the client has it. `tag` is its
/// `ETag`; without one, it is a digest of the body.
///
/// # Errors
/// 500 when the body cannot be written.
pub fn cached<T: Serialize>(
    body: &T,
    tag: Option<HeaderValue>,
    known: &IfNoneMatch,
) -> Result<Response, Problem> {
    let body = serde_json::to_vec(body).map_err(|error| Problem::internal(&error))?;
    let tag = tag.unwrap_or_else(|| tag_of(&body));
    let headers = [
        (header::CACHE_CONTROL, MAX_AGE),
        // A request with an access token may get another representation.
        (header::VARY, HeaderValue::from_static("Authorization")),
        (header::ETAG, tag.clone()),
    ];
    if known.has(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let json = HeaderValue::from_static("application/json");
    Ok((headers, [(header::CONTENT_TYPE, json)], body).into_response())
}

fn tag_of(body: &[u8]) -> HeaderValue {
    let digest = digest(&SHA256, body);
    let hex = |byte: &u8| format!("{byte:02x}");
    let text: String = digest.as_ref().iter().take(16).map(hex).collect();
    HeaderValue::try_from(format!("\"{text}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}
