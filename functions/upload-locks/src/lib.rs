//! `PUT /uploads/{id}/lock`: makes a stored file write-once.
//!
//! Not part of `uploads`, because a long lock needs the password, and `uploads` must not be able to read a hash
//! (docs/adr/0029-who-may-lock-a-file.md).

mod lock;

use std::{process::ExitCode, sync::Arc};

use accounts::Passwords;
use axum::{Router, extract::FromRef, routing::put};
use domain::Clock;
use http_api::{InitError, RateLimit, Tokens};
use settings::Env;
use storage::{Bucket, LockMode};
use store::{Credentials, Limits, UploadRecords, Users};
use time::Duration;

#[derive(Clone)]
struct App(Arc<Inner>);

struct Inner {
    uploads: UploadRecords,
    users: Users,
    passwords: Passwords,
    bucket: Bucket,
    tokens: Tokens,
    settings: LockSettings,
    clock: Clock,
}

/// The operator's settings of locks.
#[derive(Debug, Clone, Copy)]
struct LockSettings {
    /// How far ahead a lock may end; zero turns locks off. The parameter `MaxLockDays`.
    longest: Duration,
    /// Who can lift a lock. The parameter `LockMode`.
    mode: LockMode,
}

impl FromRef<App> for Tokens {
    fn from_ref(App(app): &App) -> Self {
        app.tokens.clone()
    }
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(lock::lock))]
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
    // Counted together with the other routes that require a password.
    let limit = RateLimit::from_env(env, limits, "password", clock.clone())?;
    let credentials = Credentials::from_env(env, &client)?;
    let app = Inner {
        uploads: UploadRecords::from_env(env, &client)?,
        users: Users::from_env(env, &client)?,
        passwords: Passwords::from_env(env, &credentials, clock.clone())?,
        bucket: Bucket::from_env(env, &aws)?,
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        settings: LockSettings::from_env(env)?,
        clock,
    };
    app.tokens.warm_up().await;
    let routes = Router::new()
        .route("/uploads/{id}/lock", put(lock::lock))
        .with_state(App(Arc::new(app)));
    Ok(limit.guard(routes))
}

impl LockSettings {
    fn from_env(env: &Env) -> Result<Self, InitError> {
        let days: u16 = env.parsed("MAX_LOCK_DAYS", "a number of days from 0 to 65535")?;
        Ok(Self {
            longest: Duration::days(days.into()),
            mode: env.parsed("LOCK_MODE", "`governance` or `compliance`")?,
        })
    }
}
