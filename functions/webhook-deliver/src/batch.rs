use events::Event;
use futures_util::{StreamExt as _, stream};
use http_api::BatchResponse;
use lambda_http::Error;
use serde_json::Value;
use webhook_queue::Due;

use crate::{App, attempt::attempt, fan_out::fan_out};

/// The messages that are handled at the same time: all of a batch, so that a slow endpoint delays no other.
const CONCURRENCY: usize = 100;

/// Handles the messages of a batch. A message that fails does not delay the others: Lambda delivers it again.
pub async fn handle(app: &App, batch: &Value) -> BatchResponse {
    let records = batch["Records"].as_array().into_iter().flatten();
    let results = stream::iter(records).map(async |record| {
        let body = record["body"].as_str().unwrap_or_default();
        (record["messageId"].as_str(), message(app, body).await)
    });
    let mut results = results.buffer_unordered(CONCURRENCY);
    let mut response = BatchResponse::default();
    while let Some((message, result)) = results.next().await {
        if let Err(error) = result {
            tracing::error!(message, %error, "message_failed");
            response.add_failure(message.unwrap_or_default());
        }
    }
    response
}

async fn message(app: &App, body: &str) -> Result<(), Error> {
    match Due::parse(body) {
        Some(due) => attempt(app, due).await,
        None => fan_out(app, &Event::parse(body)?).await,
    }
}
