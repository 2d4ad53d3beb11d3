//! What is left of a body when its request is refused early. It is read before the answer goes out: whoever is still
//! sending would find the connection closed instead of the answer.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::{StreamExt, stream};
use http::{
    Request,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use tokio::{sync::Mutex, time::timeout};

/// As much as a browser sends in one piece.
const MOST: usize = 100 * 1024 * 1024;

/// Whoever sends slower may see a closed connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A body that two hold: the one who reads it, and the one who reads what the first has left.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Mutex<BodyDataStream>>);

impl Shared {
    /// The request for the first, and its body for the second; `None` of a request that has none.
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

    /// Reads what is left.
    pub(crate) async fn drain(&self) {
        let rest = async {
            let mut read = 0;
            while let Some(Ok(piece)) = self.next().await
                && read <= MOST
            {
                read += piece.len();
            }
        };
        // It ends by itself, or the connection does.
        let _ = timeout(PATIENCE, rest).await;
    }

    async fn next(&self) -> Option<Result<Bytes, axum::Error>> {
        self.0.lock().await.next().await
    }
}
