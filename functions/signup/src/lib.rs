//! `POST /signup`: makes an account.

mod repeat;
mod sign_up;

use std::{process::ExitCode, sync::Arc};

use api::{InitError, RateLimit};
use auth::password::Cost;
use axum::{Router, routing::post};
use domain::Clock;
use settings::Env;
use store::{Credentials, Idempotency, Limits, Users};

struct App {
    credentials: Credentials,
    users: Users,
    idempotency: Idempotency,
    cost: Cost,
    clock: Clock,
}

/// What the function adds to the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(sign_up::sign_up))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let client = store::client(env, &settings::aws::sdk_config(env)?);
    let limits = Limits::from_env(env, &client)?;
    let limit = RateLimit::from_env(env, limits, "signup", clock.clone())?;
    let app = App {
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
