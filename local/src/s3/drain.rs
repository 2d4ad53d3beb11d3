//! Reads the rest of a body when its request is refused early. Otherwise a client that is still sending would see a
//! closed connection instead of the response.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::{StreamExt, stream};
use http::{
    Request,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use tokio::{sync::Mutex, time::timeout};

/// The maximum number of bytes to read: the size of the largest single request of the browser client.
const MAX_DRAINED: usize = 100 * 1024 * 1024;

/// Slower clients may see a closed connection.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// A body that is shared by the request's handler and by the code that drains the rest.
#[derive(Debug, Clone)]
pub(crate) struct SharedBody(Arc<Mutex<BodyDataStream>>);

impl SharedBody {
    /// Returns the request with a shared body, and the body for draining, or `None` when there is no body.
    pub(crate) fn split(request: Request<Body>) -> (Request<Body>, Option<Self>) {
        let length = request.headers().get(CONTENT_LENGTH);
        let is_empty = match length {
            Some(length) => length.as_bytes() == b"0",
            None => !request.headers().contains_key(TRANSFER_ENCODING),
        };
        if is_empty {
            return (request, None);
        }
        let (parts, body) = request.into_parts();
        let shared = Self(Arc::new(Mutex::new(body.into_data_stream())));
        let body = Body::from_stream(stream::unfold(shared.clone(), |shared| async {
            let piece = shared.next().await?;
            Some((piece, shared))
        }));
        (Request::from_parts(parts, body), Some(shared))
    }

    /// Reads the rest of the body.
    pub(crate) async fn drain(&self) {
        let rest = async {
            let mut read = 0;
            while let Some(Ok(piece)) = self.next().await
                && read <= MAX_DRAINED
            {
                read += piece.len();
            }
        };
        // After a timeout, the rest is not read.
        let _ = timeout(DRAIN_TIMEOUT, rest).await;
    }

    async fn next(&self) -> Option<Result<Bytes, axum::Error>> {
        self.0.lock().await.next().await
    }
}
