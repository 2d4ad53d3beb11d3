//! What S3 tells of uploads, through `EventBridge`, and what it forgot to tell.

mod created;
mod reconcile;

use std::process::ExitCode;

use api::InitError;
use arrivals::Shelves;
use domain::Clock;
use lambda_http::Error;
use serde_json::Value;
use settings::Env;
use storage::Bucket;
use store::{Quotas, Uploads};

struct App {
    shelves: Shelves,
    clock: Clock,
}

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    api::events(async |env, clock| {
        let app = app(env, clock)?;
        Ok(async move |event| handle(&app, &event).await)
    })
}

fn app(env: &Env, clock: Clock) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    Ok(App {
        shelves: Shelves {
            uploads: Uploads::from_env(env, &client)?,
            // What came is charged, room or not; what did not come is given back.
            quotas: Quotas::unlimited(env, &client)?,
            bucket: Bucket::from_env(env, &aws)?,
        },
        clock,
    })
}

/// One event, in `EventBridge`'s envelope
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>).
async fn handle(app: &App, event: &Value) -> Result<(), Error> {
    match (event["source"].as_str(), event["detail-type"].as_str()) {
        (Some("aws.s3"), Some("Object Created")) => created::created(app, event).await,
        (Some("aws.events" | "aws.scheduler"), _) => reconcile::reconcile(app).await,
        // Nobody subscribed to it: somebody has to look at it.
        (source, kind) => Err(format!("an event that nobody handles: {source:?}, {kind:?}").into()),
    }
}
