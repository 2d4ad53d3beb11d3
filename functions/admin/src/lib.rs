//! `/admin/users`: administrators list, find, disable, enable and delete users, set their roles, and allow mail to them again.
//!
//! Not part of `users`, because it writes the credentials table. Of that table it reads only which user has an address: all views
//! come from the users table.

mod delete;
mod list;
mod mail_block;
mod manage;
mod roles;
mod search;
mod show;
mod status;
mod view;

use std::process::ExitCode;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post, put},
};
use domain::Clock;
use http_api::{InitError, Tokens};
use settings::Env;
use store::{Credentials, MailBlocks, Users};

#[derive(Clone)]
struct App {
    credentials: Credentials,
    users: Users,
    mail_blocks: MailBlocks,
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
#[openapi(paths(
    list::list,
    show::show,
    status::disable,
    status::enable,
    roles::set,
    delete::delete,
    mail_block::delete
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
    let app = App {
        credentials: Credentials::from_env(env, &client)?,
        users: Users::from_env(env, &client)?,
        mail_blocks: MailBlocks::from_env(env, &client)?,
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        clock,
    };
    app.tokens.warm_up().await;
    let routes = Router::new()
        .route("/admin/users", get(list::list))
        .route("/admin/users/{id}", get(show::show).delete(delete::delete))
        .route("/admin/users/{id}/disable", post(status::disable))
        .route("/admin/users/{id}/enable", post(status::enable))
        .route("/admin/users/{id}/roles", put(roles::set))
        .route(
            "/admin/users/{id}/mail-block",
            axum::routing::delete(mail_block::delete),
        );
    Ok(routes.with_state(app))
}
