use aws_sdk_eventbridge::{Client, config::Builder, types::PutEventsRequestEntry};
use aws_types::SdkConfig;
use events::{Event, SOURCE};
use http_api::BatchResponse;
use serde_json::Value;
use settings::{Env, EnvError};

use crate::record::Tables;

/// The most entries of one request (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
const MOST_ENTRIES: usize = 10;

/// The stack's event bus.
#[derive(Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

/// An event, with the sequence number of the record that it comes from.
struct Entry {
    record: String,
    event: Event,
}

impl Bus {
    /// The bus that `EVENT_BUS` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, aws: &SdkConfig) -> Result<Self, EnvError> {
        let mut config = Builder::from(aws);
        config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_EVENTBRIDGE").map(str::to_owned));
        Ok(Self {
            client: Client::from_conf(config.build()),
            name: env.required("EVENT_BUS")?,
        })
    }

    /// Puts at most ten events on the bus. Returns how many of them, from the first on, are on it for certain.
    async fn put(&self, entries: &[Entry]) -> usize {
        let mut request = self.client.put_events();
        for Entry { event, .. } in entries {
            let detail = match event.to_json() {
                Ok(detail) => detail,
                Err(error) => {
                    tracing::error!(%error, event = event.id.name(), "event_not_written");
                    return 0;
                }
            };
            request = request.entries(
                PutEventsRequestEntry::builder()
                    .event_bus_name(&self.name)
                    .source(SOURCE)
                    .detail_type(event.kind.name())
                    .detail(detail)
                    .build(),
            );
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let cause = settings::aws::explain(&error);
                tracing::error!(cause, "events_not_published");
                return 0;
            }
        };
        // One result for each entry, in their order.
        let results = answer.entries();
        let failed = results
            .iter()
            .position(|result| result.event_id().is_none());
        if let Some(failed) = failed {
            let code = results[failed].error_code().unwrap_or_default();
            tracing::error!(code, "event_refused");
        }
        failed.unwrap_or(entries.len())
    }
}

/// Publishes the events of a batch, in the order of the changes. After a failure, Lambda delivers the record that failed and
/// all after it again.
pub async fn relay(tables: &Tables, bus: &Bus, batch: &Value) -> BatchResponse {
    let mut response = BatchResponse::default();
    let (mut entries, mut unreadable) = (Vec::new(), None);
    for record in batch["Records"].as_array().into_iter().flatten() {
        let number = record["dynamodb"]["SequenceNumber"].as_str();
        let number = number.unwrap_or_default().to_owned();
        match tables.events(record) {
            Ok(events) => entries.extend(events.into_iter().map(|event| Entry {
                record: number.clone(),
                event,
            })),
            Err(error) => {
                tracing::error!(record = number, %error, "record_not_read");
                unreadable = Some(number);
                break;
            }
        }
    }
    for entries in entries.chunks(MOST_ENTRIES) {
        let published = bus.put(entries).await;
        if let Some(failed) = entries.get(published) {
            response.add_failure(&failed.record);
            return response;
        }
    }
    if let Some(number) = unreadable {
        response.add_failure(number);
    }
    response
}
