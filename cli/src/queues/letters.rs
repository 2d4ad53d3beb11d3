//! Reads dead letters without deleting them.

use std::collections::BTreeSet;

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName as Name,
};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Error,
    stack::{Queue, Queues},
};

/// How long the messages are invisible for others, in seconds, unless they are returned before.
const HIDDEN: i32 = 120;
/// The maximum number of messages of a request.
const PAGE: usize = 10;

/// A message in a dead-letter queue.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) message: Message,
    /// The body, as JSON if it is.
    pub(super) body: Value,
}

impl Letter {
    fn new(message: Message) -> Self {
        let text = message.body().unwrap_or_default();
        let body = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        Self { message, body }
    }

    pub(super) fn id(&self) -> &str {
        self.message.message_id().unwrap_or_default()
    }

    /// Names what the message is: the type of an event, or the function whose invocation failed.
    pub(super) fn kind(&self) -> String {
        let body = &self.body;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        text(&body["type"])
            .or_else(|| text(&body["detail-type"]))
            .or_else(|| {
                let arn = body["requestContext"]["functionArn"].as_str()?;
                let (_, function) = arn.split_once(":function:")?;
                Some(format!(
                    "failed invocation of {}",
                    function.trim_end_matches(":$LATEST")
                ))
            })
            .unwrap_or_else(|| "unknown".to_owned())
    }

    /// Returns the id of the event in the message.
    pub(super) fn event(&self) -> Option<&str> {
        self.body["id"].as_str()
    }

    /// Returns the time at which the message was sent, in RFC 3339 format.
    pub(super) fn sent(&self) -> Option<String> {
        let milliseconds: i64 = self.attribute(&Name::SentTimestamp)?.parse().ok()?;
        let sent = OffsetDateTime::from_unix_timestamp(milliseconds / 1_000).ok()?;
        sent.format(&Rfc3339).ok()
    }

    /// Returns how often the message was received, this time included.
    pub(super) fn receives(&self) -> Option<u64> {
        self.attribute(&Name::ApproximateReceiveCount)?.parse().ok()
    }

    /// Returns the ARN of the queue that the message came from.
    pub(super) fn source(&self) -> Option<&str> {
        self.attribute(&Name::DeadLetterQueueSourceArn)
    }

    fn attribute(&self, name: &Name) -> Option<&str> {
        self.message.attributes()?.get(name).map(String::as_str)
    }
}

impl Queues {
    /// Receives at most `limit` messages of a queue; with ids, only those. The others are returned to the queue at once.
    pub(super) async fn letters(
        &self,
        queue: &Queue,
        limit: usize,
        ids: &[String],
    ) -> Result<Vec<Letter>, Error> {
        let (mut found, mut others, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        while found.len() < limit {
            let page = if ids.is_empty() {
                PAGE.min(limit - found.len())
            } else {
                PAGE
            };
            let receive = self
                .client
                .receive_message()
                .queue_url(&queue.url)
                .max_number_of_messages(i32::try_from(page).unwrap_or(1))
                .visibility_timeout(HIDDEN)
                // Asks all servers of the queue.
                .wait_time_seconds(1)
                .message_system_attribute_names(Name::All)
                .message_attribute_names("All");
            let received = receive.send().await;
            let received =
                received.map_err(|error| self.error("sqs:ReceiveMessage", &queue.name, &error))?;
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for letter in messages.into_iter().map(Letter::new) {
                if !seen.insert(letter.id().to_owned()) {
                    continue;
                }
                if ids.is_empty() || ids.iter().any(|id| id == letter.id()) {
                    found.push(letter);
                } else {
                    others.push(letter);
                }
            }
        }
        self.give_back(queue, &others).await?;
        Ok(found)
    }

    /// Makes received messages visible again.
    pub(super) async fn give_back(&self, queue: &Queue, letters: &[Letter]) -> Result<(), Error> {
        for page in letters.chunks(PAGE) {
            let entries = page.iter().enumerate().filter_map(|(index, letter)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(letter.message.receipt_handle()?)
                    .visibility_timeout(0);
                entry.build().ok()
            });
            let change = self
                .client
                .change_message_visibility_batch()
                .queue_url(&queue.url);
            let changed = change.set_entries(Some(entries.collect())).send().await;
            changed
                .map_err(|error| self.error("sqs:ChangeMessageVisibility", &queue.name, &error))?;
        }
        Ok(())
    }
}
