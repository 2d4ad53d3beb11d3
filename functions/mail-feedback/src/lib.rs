//! Blocks addresses whose mail bounces, or whose owners complain about it, triggered by events of SES.

mod event;

use std::process::ExitCode;

use domain::Clock;
use http_api::InitError;
use lambda_http::Error;
use metrics::Metric;
use serde_json::Value;
use settings::Env;
use store::MailBlocks;

use self::event::Feedback;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::events(async |env, clock| {
        let blocks = blocks(env)?;
        Ok(async move |event, _| handle(&blocks, &clock, &event).await)
    })
}

fn blocks(env: &Env) -> Result<MailBlocks, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    MailBlocks::from_env(env, &store::client(env, &aws))
}

/// Handles one event. An event that arrives again changes nothing more.
async fn handle(blocks: &MailBlocks, clock: &Clock, event: &Value) -> Result<(), Error> {
    let Feedback {
        to,
        mailed_at,
        reason,
        kind,
    } = event::parse(event)?;
    let Some(reason) = reason else {
        tracing::info!(kind, "mail_not_delivered");
        return Ok(());
    };
    metrics::count(Metric::MailsBounced);
    let block = domain::MailBlock {
        reason,
        since: clock.now(),
    };
    let blocked = blocks.block(&to, block, mailed_at).await?;
    tracing::warn!(reason = reason.as_str(), kind, blocked, "mail_bounced");
    Ok(())
}
