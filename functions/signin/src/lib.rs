//! `POST /signin`: exchanges an email address and a password for an access token and a refresh token.

mod sign_in;
#[cfg(test)]
mod tests;

use std::{process::ExitCode, sync::Arc};

use accounts::{Passwords, TokenIssuer};
use axum::{Router, routing::post};
use domain::Clock;
use http_api::{InitError, RateLimit};
use settings::Env;
use store::{Credentials, Limits, Sessions, Users};

struct App {
    credentials: Credentials,
    users: Users,
    sessions: Sessions,
    passwords: Passwords,
    issuer: TokenIssuer,
    session_lifetime: time::Duration,
    clock: Clock,
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(sign_in::sign_in))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    let limits = Limits::from_env(env, &client)?;
    let limit = RateLimit::from_env(env, limits, "signin", clock.clone())?;
    let credentials = Credentials::from_env(env, &client)?;
    let app = App {
        passwords: Passwords::from_env(env, &credentials, clock.clone())?,
        credentials,
        users: Users::from_env(env, &client)?,
        sessions: Sessions::from_env(env, &client)?,
        issuer: TokenIssuer::from_env(env, &aws, &client, clock.clone())?,
        session_lifetime: time::Duration::days(
            env.parsed("REFRESH_TOKEN_DAYS", "a number of days")?,
        ),
        clock,
    };
    app.issuer.warm_up().await;
    Ok(limit.guard(router(app)))
}

fn router(app: App) -> Router {
    Router::new()
        .route("/signin", post(sign_in::sign_in))
        .with_state(Arc::new(app))
}
