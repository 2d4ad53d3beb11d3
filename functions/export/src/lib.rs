//! `GET /users/me/export`: all that is kept about the caller. Reads the accounts' own tables, and asks the other services.
//!
//! Not part of `users`, which asks no other service.

mod account;
mod position;
mod services;
mod show;

use std::process::ExitCode;

use axum::{Router, extract::FromRef, routing::get};
use domain::Clock;
use http_api::{InitError, Tokens};
use settings::Env;
use store::{MailBlocks, Sessions, Users};

use self::services::Services;

#[derive(Clone)]
struct App {
    users: Users,
    mail_blocks: MailBlocks,
    sessions: Sessions,
    services: Services,
    tokens: Tokens,
    clock: Clock,
}

impl FromRef<App> for Tokens {
    fn from_ref(app: &App) -> Self {
        app.tokens.clone()
    }
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(show::show))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    let app = App {
        users: Users::from_env(env, &client)?,
        mail_blocks: MailBlocks::from_env(env, &client)?,
        sessions: Sessions::from_env(env, &client)?,
        services: Services::from_env(env, &aws)?,
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        clock,
    };
    app.tokens.warm_up().await;
    Ok(Router::new()
        .route("/users/me/export", get(show::show))
        .with_state(app))
}
