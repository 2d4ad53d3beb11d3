//! `POST /password/forgot`, `POST /password/reset` and `POST /verify-email`: requests mails with links, and redeems the
//! tokens of the links.
//!
//! It sends no mail itself: it writes orders to the outbox, and the mailer sends them.

mod forgot;
mod reset;
mod token;
mod verify_email;

use std::{process::ExitCode, sync::Arc};

use auth::password::Cost;
use axum::{Router, routing::post};
use domain::Clock;
use http_api::{InitError, RateLimit};
use settings::Env;
use store::{AccountTables, Credentials, EmailTokens, Limits, Outbox, SignUps, Users};

struct App {
    tokens: EmailTokens,
    credentials: Credentials,
    users: Users,
    sign_ups: SignUps,
    /// The outbox for mail orders; `None` where no mail is sent.
    mail: Option<Outbox>,
    cost: Cost,
    clock: Clock,
}

impl App {
    const fn tables(&self) -> AccountTables<'_> {
        AccountTables {
            credentials: &self.credentials,
            users: &self.users,
        }
    }
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(forgot::forgot, reset::reset, verify_email::verify_email))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let client = store::client(env, &settings::aws::sdk_config(env)?);
    let limits = Limits::from_env(env, &client)?;
    let limit = RateLimit::from_env(env, limits, "password", clock.clone())?;
    let sender = env.get("MAIL_FROM");
    let app = App {
        tokens: EmailTokens::from_env(env, &client)?,
        credentials: Credentials::from_env(env, &client)?,
        users: Users::from_env(env, &client)?,
        sign_ups: SignUps::from_env(env, &client)?,
        mail: sender.map(|_| Outbox::from_env(env, &client)).transpose()?,
        cost: env.parsed("BCRYPT_COST", "a bcrypt cost from 4 to 16")?,
        clock,
    };
    app.tokens.warm_up().await;
    let routes = Router::new()
        .route("/password/forgot", post(forgot::forgot))
        .route("/password/reset", post(reset::reset))
        .route("/verify-email", post(verify_email::verify_email))
        .with_state(Arc::new(app));
    Ok(limit.guard(routes))
}
