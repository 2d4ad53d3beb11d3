//! Delivers events to the endpoints of webhooks: an event of the bus becomes a delivery for each endpoint that receives it, and
//! each message of the queue orders one attempt.

mod address;
mod attempt;
mod batch;
mod fan_out;
mod http;
#[cfg(test)]
mod name_server;
mod signature;
mod sweep;

use std::process::ExitCode;

use domain::Clock;
use http_api::{Deadline, InitError};
use lambda_http::Error;
use serde_json::Value;
use settings::Env;
use store::{WebhookDeliveries, WebhookEndpoints};
use webhook_queue::DeliveryQueue;

use self::http::Sender;

struct App {
    endpoints: WebhookEndpoints,
    deliveries: WebhookDeliveries,
    queue: DeliveryQueue,
    sender: Sender,
    clock: Clock,
}

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::events(async |env, clock| {
        let app = app(env, clock)?;
        app.endpoints.warm_up().await;
        Ok(async move |event, deadline| handle(&app, &event, deadline).await)
    })
}

fn app(env: &Env, clock: Clock) -> Result<App, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    let sender = Sender::new(webhook_queue::reach(env));
    Ok(App {
        endpoints: WebhookEndpoints::from_env(env, &client)?,
        deliveries: WebhookDeliveries::from_env(env, &client)?,
        queue: DeliveryQueue::from_env(env, &aws)?,
        sender: sender
            .map_err(|_| InitError::Invalid("AWS_REGION", "usable: TLS has no provider"))?,
        clock,
    })
}

/// Handles a batch of messages, or the schedule that looks for deliveries that are due.
async fn handle(app: &App, event: &Value, deadline: Deadline) -> Result<Value, Error> {
    match event["source"].as_str() {
        Some("aws.events" | "aws.scheduler") => {
            sweep::sweep(app, deadline).await?;
            Ok(Value::Null)
        }
        _ if http_api::is_batch(event) => {
            Ok(serde_json::to_value(batch::handle(app, event).await)?)
        }
        // No rule sends it.
        source => Err(format!("unexpected event: {source:?}").into()),
    }
}
