//! Reconciles the records of uploads with S3: after an S3 event, when an upload is due, and once a day.

mod created;
mod reconcile;
mod repair;

use std::process::ExitCode;

use domain::Clock;
use http_api::{Deadline, InitError};
use lambda_http::Error;
use serde_json::Value;
use settings::Env;
use storage::Bucket;
use store::{ReadGrants, Uploads};
use upload_reconciler::Reconciler;

struct App {
    reconciler: Reconciler,
    clock: Clock,
}

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::events(async |env, clock| {
        let app = app(env, clock)?;
        Ok(async move |event, deadline| handle(&app, &event, deadline).await)
    })
}

fn app(env: &Env, clock: Clock) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    Ok(App {
        reconciler: Reconciler {
            uploads: Uploads::from_env(env, &client)?,
            bucket: Bucket::from_env(env, &aws)?,
            read_grants: ReadGrants::from_env(env, &client)?,
        },
        clock,
    })
}

/// Handles one event, in `EventBridge`'s envelope
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>). The repair's schedule has its own
/// input (template.yaml).
async fn handle(app: &App, event: &Value, deadline: Deadline) -> Result<(), Error> {
    match (event["source"].as_str(), event["detail-type"].as_str()) {
        (Some("aws.s3"), Some("Object Created")) => created::created(app, event).await,
        (Some("cloakroom"), Some("Repair")) => repair::repair(app, deadline).await,
        (Some("aws.events" | "aws.scheduler"), _) => reconcile::reconcile(app, deadline).await,
        // No rule sends it.
        (source, kind) => Err(format!("unexpected event: {source:?}, {kind:?}").into()),
    }
}
