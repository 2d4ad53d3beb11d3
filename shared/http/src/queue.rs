use std::fmt::Display;

use events::Event;
use serde::Serialize;
use serde_json::Value;

/// The response to a batch, which tells Lambda the records that failed
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>, "Implementing partial batch responses").
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl BatchResponse {
    /// Names a record that failed: Lambda delivers it again.
    pub fn add_failure(&mut self, record: impl Into<String>) {
        self.batch_item_failures.push(BatchItemFailure {
            item_identifier: record.into(),
        });
    }

    /// Whether all records were processed.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.batch_item_failures.is_empty()
    }
}

/// Whether an event is a batch of messages of a queue.
#[must_use]
pub fn is_batch(event: &Value) -> bool {
    event["Records"][0]["eventSource"] == "aws:sqs"
}

/// Handles the messages of a batch, each an event of the event bus. A message that fails does not delay the others: Lambda
/// delivers it again, and the queue moves it to its dead-letter queue after five times.
pub async fn consume<E: Display>(
    batch: &Value,
    handle: impl AsyncFn(Event) -> Result<(), E>,
) -> BatchResponse {
    let mut response = BatchResponse::default();
    for record in batch["Records"].as_array().into_iter().flatten() {
        let message = record["messageId"].as_str().unwrap_or_default();
        let problem = match Event::parse(record["body"].as_str().unwrap_or_default()) {
            Ok(event) => {
                let id = event.id.name();
                match handle(event).await {
                    Ok(()) => continue,
                    Err(error) => format!("{id}: {error}"),
                }
            }
            Err(error) => error.to_string(),
        };
        tracing::error!(message, problem, "message_failed");
        response.add_failure(message);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn each_failed_message_is_named() {
        let event = include_str!("../../events/golden/user.created.1.json");
        let record =
            |id: &str, body: &str| json!({"messageId": id, "body": body, "eventSource": "aws:sqs"});
        let batch = json!({"Records": [
            record("a", event), record("b", "{}"), record("c", event), record("d", event),
        ]});
        assert!(is_batch(&batch) && !is_batch(&json!({"source": "aws.events"})));
        let count = RefCell::new(0);
        let response = consume(&batch, async |event| {
            *count.borrow_mut() += 1;
            assert_eq!(event.kind.name(), "user.created");
            if *count.borrow() == 2 {
                Err("no")
            } else {
                Ok(())
            }
        })
        .await;
        assert_eq!(*count.borrow(), 3);
        assert!(!response.is_success());
        assert_eq!(
            serde_json::to_value(&response).unwrap(),
            json!({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]})
        );
    }
}
