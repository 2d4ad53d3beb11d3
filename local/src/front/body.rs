//! The body of a request, up to the gateway's limit.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt;

/// The gateway's limit.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// How much of a body that is too large is still read, so that its sender sees the answer rather
/// than a broken connection.
const MAX_DRAINED: usize = 4 * MAX_BODY;

/// Reads the body, or says with which status to refuse it.
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
    async fn ten_megabytes_are_the_limit() {
        let read = |size| read(Body::from(vec![b'x'; size]));
        assert_eq!(read(MAX_BODY).await.unwrap().len(), MAX_BODY);
        assert_eq!(
            read(MAX_BODY + 1).await.unwrap_err(),
            StatusCode::PAYLOAD_TOO_LARGE
        );
    }
}
