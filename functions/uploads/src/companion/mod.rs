//! `/s3`: the protocol of Uppy's companion, so that the upload widget works as it comes
//! (<https://uppy.io/docs/companion/>). Sizes are not announced in it: a form takes room for the most it may bring, parts
//! when they are put together.

mod asked;
pub mod complete;
pub mod grants;
pub mod multipart;
pub mod params;

use api::{Authenticated, Problem};
use axum::{
    Router,
    extract::{FromRequestParts, RawPathParams},
    middleware::map_response,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use domain::UserId;
use http::request::Parts;

use crate::App;

/// Under `/s3` with an access token, and under `/s3/g/{grant}` for programs that send no header.
pub fn routes() -> Router<App> {
    let with_token = companion().route("/grants", post(grants::give));
    Router::new()
        .nest("/s3", with_token)
        .nest("/s3/g/{grant}", companion())
        // Uppy 6 looks for `/s3` below the address that it is given.
        .nest("/s3/g/{grant}/s3", companion())
}

fn companion() -> Router<App> {
    Router::new()
        .route("/params", get(params::params))
        .route("/multipart", post(multipart::begin))
        .route(
            "/multipart/{uploadId}",
            get(multipart::list).delete(multipart::abort),
        )
        .route("/multipart/{uploadId}/complete", post(complete::complete))
        .route("/multipart/{uploadId}/{part}", get(multipart::sign))
        .layer(map_response(in_one_sentence))
}

/// The widget shows people the `message` of a problem and nothing else.
async fn in_one_sentence(mut response: Response) -> Response {
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.in_one_sentence().into_response(),
        None => response,
    }
}

/// Who uploads, by a token or by a grant in the path.
pub struct Uploader(UserId);

impl FromRequestParts<App> for Uploader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Problem::not_found())?;
        if let Some((_, grant)) = params.iter().find(|(name, _)| *name == "grant") {
            return grants::owner(app, grant).await.map(Self);
        }
        let Authenticated(caller) = Authenticated::from_request_parts(parts, app).await?;
        Ok(Self(caller.user_id))
    }
}
