//! Reads request bodies up to API Gateway's limit.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;

/// The gateway's maximum body size.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// How much of an oversized body is read, so that its sender receives the response instead of a closed connection.
const MAX_DRAINED: usize = 4 * MAX_BODY;

/// Reads the body, or returns the status of the refusal.
pub(crate) async fn read(mut body: Body) -> Result<Bytes, StatusCode> {
    let mut collected = BytesMut::new();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else {
            continue;
        };
        received += data.len();
        if received <= MAX_BODY {
            collected.extend_from_slice(&data);
        } else if received > MAX_DRAINED {
            break;
        }
    }
    if received > MAX_BODY {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    Ok(collected.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_over_ten_megabytes_is_refused() {
        let read = |size| read(Body::from(vec![b'x'; size]));
        assert_eq!(read(MAX_BODY).await.unwrap().len(), MAX_BODY);
        assert_eq!(
            read(MAX_BODY + 1).await.unwrap_err(),
            StatusCode::PAYLOAD_TOO_LARGE
        );
    }
}
