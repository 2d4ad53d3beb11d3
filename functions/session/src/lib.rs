//! Refreshes, lists and ends sessions.

mod end_session;
mod list;
mod refresh;
mod sign_out;
mod token;

use std::{process::ExitCode, sync::Arc};

use accounts::TokenIssuer;
use axum::{
    Router,
    extract::FromRef,
    routing::{delete, get, post},
};
use domain::Clock;
use http_api::{InitError, Tokens};
use settings::Env;
use store::{Credentials, Sessions, Users};

#[derive(Clone)]
struct App(Arc<Inner>);

struct Inner {
    sessions: Sessions,
    users: Users,
    credentials: Credentials,
    issuer: TokenIssuer,
    tokens: Tokens,
    clock: Clock,
}

impl FromRef<App> for Tokens {
    fn from_ref(App(app): &App) -> Self {
        app.tokens.clone()
    }
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(
    refresh::refresh,
    sign_out::sign_out,
    list::list,
    end_session::end_session
))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    let issuer = TokenIssuer::from_env(env, &aws, &client, clock.clone())?;
    let app = Inner {
        sessions: Sessions::from_env(env, &client)?,
        users: Users::from_env(env, &client)?,
        credentials: Credentials::from_env(env, &client)?,
        tokens: issuer.verifier(),
        issuer,
        clock,
    };
    app.issuer.warm_up().await;
    Ok(Router::new()
        .route("/session/refresh", post(refresh::refresh))
        .route("/signout", post(sign_out::sign_out))
        .route("/users/me/sessions", get(list::list))
        .route("/users/me/sessions/{id}", delete(end_session::end_session))
        .with_state(App(Arc::new(app))))
}
