//! The event bus of a stack.

use aws_sdk_eventbridge::{Client, types::PutEventsRequestEntry};
use events::{Event, SOURCE};

use super::Error;
use crate::aws::{AwsError, Connection};

/// The most entries of one request (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
const MOST_ENTRIES: usize = 10;

/// Sends events to a bus, ten at a time.
pub(super) struct Bus {
    client: Client,
    endpoint: String,
    name: String,
    waiting: Vec<PutEventsRequestEntry>,
    pub(super) sent: u64,
}

impl Bus {
    /// The bus of a stack has the stack's name.
    pub(super) fn of(connection: &Connection, stack: String) -> Self {
        let (client, endpoint) = connection.eventbridge();
        Self {
            client,
            endpoint,
            name: stack,
            waiting: Vec::new(),
            sent: 0,
        }
    }

    /// Sends an event, at once or with later ones.
    pub(super) async fn send(&mut self, event: &Event) -> Result<(), Error> {
        let detail = event.to_json();
        let detail = detail.map_err(|error| Error::Unwritable(error.to_string()))?;
        self.waiting.push(
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.name)
                .source(SOURCE)
                .detail_type(event.kind.name())
                .detail(detail)
                .build(),
        );
        if self.waiting.len() == MOST_ENTRIES {
            self.flush().await?;
        }
        Ok(())
    }

    /// Sends the events that wait.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let entries = std::mem::take(&mut self.waiting);
        let count = u64::try_from(entries.len()).unwrap_or_default();
        let put = self.client.put_events().set_entries(Some(entries));
        let answer = put.send().await.map_err(|error| {
            AwsError::from_call("events:PutEvents", &self.name, &self.endpoint, &error)
        })?;
        let refused = answer.entries().iter().find(|it| it.event_id().is_none());
        if let Some(refused) = refused {
            return Err(Error::Refused {
                bus: self.name.clone(),
                code: refused.error_code().unwrap_or("no code").to_owned(),
            });
        }
        self.sent += count;
        Ok(())
    }
}
