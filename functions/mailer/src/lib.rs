//! Sends the mail that was ordered in the outbox, triggered by the stream of its table, and receipts of paid orders.
//!
//! It runs asynchronously, so neither the response to a request nor its time reveals which addresses have an account.

mod batch;
mod mail;
mod order;
mod receipt;
mod send;

use std::process::ExitCode;

use domain::Clock;
use http_api::InitError;
use serde_json::Value;
use settings::Env;
use store::{Credentials, EmailTokens, MailBlocks, MailLimits, Users};

use self::{mail::Product, send::Ses};

struct App {
    credentials: Credentials,
    users: Users,
    tokens: EmailTokens,
    blocks: MailBlocks,
    limits: MailLimits,
    ses: Ses,
    product: Product,
    clock: Clock,
}

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::events(async |env, clock| {
        let app = app(env, clock)?;
        Ok(async move |event: Value, _| {
            Ok(if http_api::is_batch(&event) {
                http_api::consume(&event, async |event| receipt::send(&app, &event).await).await
            } else {
                batch::fulfil_batch(&app, &event).await
            })
        })
    })
}

fn app(env: &Env, clock: Clock) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    Ok(App {
        credentials: Credentials::from_env(env, &client)?,
        users: Users::from_env(env, &client)?,
        tokens: EmailTokens::from_env(env, &client)?,
        blocks: MailBlocks::from_env(env, &client)?,
        limits: MailLimits::from_env(env, &client)?,
        ses: Ses::from_env(env, &aws),
        product: Product::from_env(env)?,
        clock,
    })
}
