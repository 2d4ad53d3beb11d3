//! `PUT /users/me/password` and `DELETE /users/me`: changes of an account that require its password.
//!
//! Not part of `users`, because it reads the credentials table, and `users` must not be able to.

mod change_password;
mod delete;
#[cfg(test)]
mod tests;

use std::{process::ExitCode, sync::Arc};

use accounts::Passwords;
use axum::{
    Router,
    extract::FromRef,
    routing::{delete, put},
};
use domain::Clock;
use http_api::{InitError, RateLimit, Tokens};
use settings::Env;
use store::{Credentials, Limits, Sessions, Users};

/// Attempts to change an account that other requests change at the same time.
const ATTEMPTS: usize = 3;

#[derive(Clone)]
struct App(Arc<Inner>);

struct Inner {
    credentials: Credentials,
    users: Users,
    sessions: Sessions,
    tokens: Tokens,
    passwords: Passwords,
    clock: Clock,
}

impl FromRef<App> for Tokens {
    fn from_ref(App(app): &App) -> Self {
        app.tokens.clone()
    }
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(change_password::change_password, delete::delete))]
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
    let limit = RateLimit::from_env(env, limits, "password", clock.clone())?;
    let credentials = Credentials::from_env(env, &client)?;
    let app = Inner {
        passwords: Passwords::from_env(env, &credentials, clock.clone())?,
        credentials,
        users: Users::from_env(env, &client)?,
        sessions: Sessions::from_env(env, &client)?,
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        clock,
    };
    app.tokens.warm_up().await;
    Ok(limit.guard(router(app)))
}

fn router(app: Inner) -> Router {
    Router::new()
        .route("/users/me", delete(delete::delete))
        .route("/users/me/password", put(change_password::change_password))
        .with_state(App(Arc::new(app)))
}
