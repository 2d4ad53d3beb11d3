//! Keeps what uploads knows of sales: which files belong to products, and who has a right to them. Answers whether files can
//! be sold, and what is kept about a user. Erases what uploads keeps about a deleted user.

mod erase;
mod event;
mod export;
mod pin;
mod queue;

use std::process::ExitCode;

use domain::Clock;
use http_api::{Deadline, ExportUserRequest, InitError};
use lambda_http::Error;
use serde_json::Value;
use settings::Env;
use store::{Quotas, ReadGrants, SoldFiles, UploadRecords};

use self::queue::OwnQueue;

struct App {
    uploads: UploadRecords,
    sold_files: SoldFiles,
    read_grants: ReadGrants,
    quotas: Quotas,
    queue: OwnQueue,
    clock: Clock,
}

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::events(async |env, clock| {
        let app = app(env, clock)?;
        Ok(async move |event, deadline| handle(&app, event, deadline).await)
    })
}

fn app(env: &Env, clock: Clock) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    Ok(App {
        uploads: UploadRecords::from_env(env, &client)?,
        sold_files: SoldFiles::from_env(env, &client)?,
        read_grants: ReadGrants::from_env(env, &client)?,
        quotas: Quotas::from_env(env, &client)?,
        queue: OwnQueue::from_env(env, &aws)?,
        clock,
    })
}

/// Handles the messages of the queue, or the question of another service, which invokes the function and waits for the answer.
async fn handle(app: &App, event: Value, deadline: Deadline) -> Result<Value, Error> {
    if http_api::is_batch(&event) {
        let apply = async |event| event::apply(app, &event, deadline).await;
        let response = http_api::consume(&event, apply).await;
        return Ok(serde_json::to_value(response)?);
    }
    if let Some(question) = ExportUserRequest::of_event(&event)? {
        return export::answer(app, &question).await;
    }
    if event["detail-type"] == pin::QUESTION {
        let question = serde_json::from_value(event["detail"].clone())?;
        return Ok(serde_json::to_value(pin::answer(app, &question).await?)?);
    }
    Err(format!("unexpected event: {:?}", event["detail-type"]).into())
}
