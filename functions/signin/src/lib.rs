//! `POST /signin`: from e-mail and password to an access token and a refresh token.

mod sign_in;
#[cfg(test)]
mod tests;

use std::{process::ExitCode, sync::Arc, time::Duration};

use api::{InitError, Passwords, RateLimit};
use auth::keys::{SigningKeys, VerifyingKeys};
use aws_types::SdkConfig;
use axum::{Router, routing::post};
use domain::Clock;
use settings::{Cached, Env, Parameters};
use store::{Credentials, Limits, Sessions, Users};

struct App {
    credentials: Credentials,
    users: Users,
    sessions: Sessions,
    keys: Cached<SigningKeys>,
    passwords: Passwords,
    issuer: Option<String>,
    audience: String,
    access_token_lifetime: time::Duration,
    session_lifetime: time::Duration,
    clock: Clock,
}

/// What the function adds to the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(sign_in::sign_in))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    api::main(routes)
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
        keys: keys(env, &aws, clock.clone())?,
        issuer: env.get("ISSUER").map(str::to_owned),
        audience: env.required("AUDIENCE")?,
        access_token_lifetime: time::Duration::seconds(
            env.parsed("ACCESS_TOKEN_SECONDS", "a number of seconds")?,
        ),
        session_lifetime: time::Duration::days(
            env.parsed("REFRESH_TOKEN_DAYS", "a number of days")?,
        ),
        clock,
    };
    let (_, ()) = tokio::join!(app.keys.get(), app.credentials.warm_up());
    Ok(limit.guard(router(app)))
}

fn router(app: App) -> Router {
    Router::new()
        .route("/signin", post(sign_in::sign_in))
        .with_state(Arc::new(app))
}

/// The path is `/cloakroom/{env}`: both halves of the keys come with one request.
fn keys(env: &Env, aws: &SdkConfig, clock: Clock) -> Result<Cached<SigningKeys>, InitError> {
    let lifetime =
        Duration::from_secs(env.parsed("PARAMETER_CACHE_SECONDS", "a number of seconds")?);
    let path = env.required("PARAMETER_PATH")?;
    let make = |parameters: &Parameters| {
        let published = VerifyingKeys::from_parameters(parameters.under("keys/public"))?;
        Ok(SigningKeys::from_parameters(
            parameters.under("keys/private"),
            &published,
        )?)
    };
    Ok(Cached::new(
        settings::aws::ssm(env, aws),
        path,
        lifetime,
        clock,
        make,
    ))
}
