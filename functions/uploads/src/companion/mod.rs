//! `/s3`: the protocol of Uppy's Companion, so that the upload widget works without changes
//! (<https://uppy.io/docs/companion/>).
//!
//! The protocol does not announce sizes: a form reserves room for the largest file that it may send, and a multipart upload
//! reserves room for its next parts, after measuring what S3 has received. A multipart file with `size` in its metadata is
//! reserved and signed like one of `POST /uploads`.

pub mod abort;
pub mod complete;
pub mod create;
pub mod form;
pub mod grants;
pub mod parts;
pub mod uploader;

use axum::{
    Router,
    middleware::map_response,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http_api::Problem;

use crate::App;

/// Routes under `/s3` with an access token, and under `/s3/g/{grant}` for clients that send no header.
pub fn routes() -> Router<App> {
    let companion = || Router::new().route("/multipart/{uploadId}/{part}", get(parts::sign));
    nest(
        companion,
        companion().route("/grants", post(grants::create)),
    )
}

/// Routes that send requests to S3.
pub fn limited_routes() -> Router<App> {
    let companion = || {
        Router::new()
            // A form does not count as an open upload, so only the rate limit bounds the number of forms.
            .route("/params", get(form::create))
            .route("/multipart", post(create::create))
            .route(
                "/multipart/{uploadId}",
                get(parts::list).delete(abort::abort),
            )
            .route("/multipart/{uploadId}/complete", post(complete::complete))
    };
    nest(companion, companion())
}

fn nest(with_grant: impl Fn() -> Router<App>, with_token: Router<App>) -> Router<App> {
    Router::new()
        .nest("/s3", with_token)
        .nest("/s3/g/{grant}", with_grant())
        // Uppy 6 appends `/s3` to the configured URL.
        .nest("/s3/g/{grant}/s3", with_grant())
        .layer(map_response(with_first_error_as_detail))
}

/// The widget shows only the `message` of a problem, so it must contain the first field error.
async fn with_first_error_as_detail(mut response: Response) -> Response {
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.with_first_error_as_detail().into_response(),
        None => response,
    }
}
