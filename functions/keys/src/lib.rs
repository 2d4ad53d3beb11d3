//! `GET /.well-known/*`: the public keys and the discovery document; and the response to requests that match no route.
//!
//! It reads only the public keys, so it is the function that may receive arbitrary requests.

mod documents;
mod unmatched;

use std::process::ExitCode;

use axum::{Router, routing::get};
use domain::Clock;
use http_api::{InitError, PublicKeys};
use settings::Env;

pub use self::documents::max_age;

#[derive(Clone)]
struct App {
    keys: PublicKeys,
    cache_seconds: u32,
    clock: Clock,
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(documents::jwks, documents::openid_configuration))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let app = App {
        keys: PublicKeys::from_env(env, &store::client(env, &aws), clock.clone())?,
        cache_seconds: env.parsed("PARAMETER_CACHE_SECONDS", "a number of seconds")?,
        clock,
    };
    app.keys.warm_up().await;
    let routes = Router::new()
        .route("/.well-known/jwks.json", get(documents::jwks))
        .route(
            "/.well-known/openid-configuration",
            get(documents::openid_configuration),
        )
        .fallback(unmatched::unmatched)
        .method_not_allowed_fallback(unmatched::unmatched);
    Ok(routes.with_state(app))
}
