//! `/s3`: the protocol of Uppy's companion, so that the upload widget works as it comes
//! (<https://uppy.io/docs/companion/>). Sizes are not announced in it: a form reserves room for the most that it may bring,
//! and parts for the next ones, after S3 was asked what it has received. With `size` in its metadata, a file in parts is
//! reserved and signed like one of `POST /uploads`.

mod asked;
pub mod complete;
pub mod grants;
pub mod multipart;
pub mod params;

use axum::{
    Router,
    extract::{FromRequestParts, RawPathParams},
    middleware::map_response,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use domain::UserId;
use http::request::Parts;
use http_api::{Authenticated, Problem};

use crate::App;

/// Routes under `/s3` with an access token, and under `/s3/g/{grant}` for programs that send no header.
pub fn routes() -> Router<App> {
    let companion = || Router::new().route("/multipart/{uploadId}/{part}", get(multipart::sign));
    everywhere(companion, companion().route("/grants", post(grants::give)))
}

/// Routes that send requests to S3.
pub fn limited_routes() -> Router<App> {
    let companion = || {
        Router::new()
            // A form stays due until it has expired, and is not counted as open.
            .route("/params", get(params::params))
            .route("/multipart", post(multipart::begin))
            .route(
                "/multipart/{uploadId}",
                get(multipart::list).delete(multipart::abort),
            )
            .route("/multipart/{uploadId}/complete", post(complete::complete))
    };
    everywhere(companion, companion())
}

fn everywhere(with_grant: impl Fn() -> Router<App>, with_token: Router<App>) -> Router<App> {
    Router::new()
        .nest("/s3", with_token)
        .nest("/s3/g/{grant}", with_grant())
        // Uppy 6 looks for `/s3` below the address that it is given.
        .nest("/s3/g/{grant}/s3", with_grant())
        .layer(map_response(in_one_sentence))
}

/// The widget shows people the `message` of a problem and nothing else.
async fn in_one_sentence(mut response: Response) -> Response {
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.in_one_sentence().into_response(),
        None => response,
    }
}

/// The user who uploads, by a token or by a grant in the path.
#[derive(Debug, Clone, Copy)]
pub struct Uploader(pub UserId);

impl FromRequestParts<App> for Uploader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // The limit of requests has found out already.
        if let Some(uploader) = parts.extensions.get() {
            return Ok(*uploader);
        }
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Problem::not_found())?;
        let grant = params.iter().find(|(name, _)| *name == "grant");
        let uploader = if let Some((_, grant)) = grant {
            Self(grants::owner(app, grant).await?)
        } else {
            let Authenticated(caller) = Authenticated::from_request_parts(parts, app).await?;
            Self(caller.user_id)
        };
        parts.extensions.insert(uploader);
        Ok(uploader)
    }
}
