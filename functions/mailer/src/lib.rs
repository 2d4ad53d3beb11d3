//! Sends the mail that the outbox orders, told by the stream of its table.
//!
//! Nobody waits for it: what a caller gets, and when, says nothing about who has an account.

mod batch;
mod order;
mod send;
mod texts;

use std::process::ExitCode;

use domain::Clock;
use http_api::InitError;
use settings::Env;
use store::{Credentials, EmailTokens, MailLimits, Users};

use self::{send::Post, texts::Page};

struct App {
    credentials: Credentials,
    users: Users,
    tokens: EmailTokens,
    limits: MailLimits,
    post: Post,
    page: Page,
    clock: Clock,
}

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::events(async |env, clock| {
        let app = app(env, clock)?;
        Ok(async move |event, _| Ok(batch::batch(&app, &event).await))
    })
}

fn app(env: &Env, clock: Clock) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    Ok(App {
        credentials: Credentials::from_env(env, &client)?,
        users: Users::from_env(env, &client)?,
        tokens: EmailTokens::from_env(env, &client)?,
        limits: MailLimits::from_env(env, &client)?,
        post: Post::from_env(env, &aws),
        page: Page::from_env(env)?,
        clock,
    })
}
