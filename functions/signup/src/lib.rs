//! `POST /signup`: creates an account, or first verifies the email address.

mod idempotency;
mod request;
mod response;
mod sign_up;
mod verification;

use std::{process::ExitCode, sync::Arc};

use auth::password::Cost;
use axum::{Router, routing::post};
use domain::Clock;
use http_api::{InitError, RateLimit};
use settings::{Env, EnvError};
use store::{Credentials, Idempotency, Limits, Outbox, SignUps, Users};

struct App {
    credentials: Credentials,
    users: Users,
    idempotency: Idempotency,
    /// The outbox for mail orders; `None` where no mail is sent.
    mail: Option<Outbox>,
    mode: Mode,
    cost: Cost,
    clock: Clock,
}

/// When a sign-up creates the account. Read from `SIGNUP_MODE`.
enum Mode {
    /// Immediately.
    Open,
    /// After the owner of the mailbox opened the link in a mail.
    Verified(SignUps, Outbox),
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(sign_up::sign_up))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let client = store::client(env, &settings::aws::sdk_config(env)?);
    let limits = Limits::from_env(env, &client)?;
    let limit = RateLimit::from_env(env, limits, "signup", clock.clone())?;
    let sender = env.get("MAIL_FROM");
    let mail = sender.map(|_| Outbox::from_env(env, &client)).transpose()?;
    let mode = match (env.required("SIGNUP_MODE")?.as_str(), &mail) {
        ("open", _) => Mode::Open,
        ("verified", Some(outbox)) => {
            Mode::Verified(SignUps::from_env(env, &client)?, outbox.clone())
        }
        ("verified", None) => return Err(EnvError::Missing("MAIL_FROM")),
        _ => return Err(EnvError::Invalid("SIGNUP_MODE", "open or verified")),
    };
    let app = App {
        mail,
        mode,
        credentials: Credentials::from_env(env, &client)?,
        users: Users::from_env(env, &client)?,
        idempotency: Idempotency::from_env(env, &client)?,
        cost: env.parsed("BCRYPT_COST", "a bcrypt cost from 4 to 16")?,
        clock,
    };
    app.idempotency.warm_up().await;
    let routes = Router::new()
        .route("/signup", post(sign_up::sign_up))
        .with_state(Arc::new(app));
    Ok(limit.guard(routes))
}
