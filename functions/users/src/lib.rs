//! `GET /users`, `GET /users/{id}`, `GET /users/me` and `PATCH /users/me`: lists, returns and updates users.

mod list;
mod show;
mod update;

use std::process::ExitCode;

use axum::{Router, extract::FromRef, routing::get};
use domain::Clock;
use http_api::{InitError, Tokens};
use settings::Env;
use store::Users;

#[derive(Clone)]
struct App {
    users: Users,
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
#[openapi(paths(list::list, show::user, show::me, update::update))]
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
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        clock,
    };
    app.tokens.warm_up().await;
    let routes = Router::new()
        .route("/users", get(list::list))
        .route("/users/me", get(show::me).patch(update::update))
        .route("/users/{id}", get(show::user));
    Ok(routes.with_state(app))
}
