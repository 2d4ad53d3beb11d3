//! The queue of webhook deliveries: which delivery is to be attempted, and when.

use aws_sdk_sqs::Client;
use aws_types::SdkConfig;
use domain::{
    EndpointId, EventId,
    webhook::{Delivery, Reach},
};
use serde::{Deserialize, Serialize};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

/// The longest delay of a message (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html>).
/// Later attempts are found by the index of due deliveries.
pub const LONGEST_DELAY: Duration = Duration::minutes(15);

/// The order to make one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The event.
    pub event: EventId,
    /// How many attempts were made before it.
    pub made: usize,
}

/// The body of a message. Events of the bus, which the same queue receives, have no member `deliver`.
#[derive(Serialize, Deserialize)]
struct Body {
    deliver: Order,
}

#[derive(Serialize, Deserialize)]
struct Order {
    endpoint: EndpointId,
    event: EventId,
    made: usize,
}

/// SQS did not take a message.
#[derive(Debug, thiserror::Error)]
#[error("SendMessage: {0}")]
pub struct QueueError(String);

/// The queue, for sending.
#[derive(Debug, Clone)]
pub struct DeliveryQueue {
    client: Client,
    url: String,
}

impl Due {
    /// The next attempt of a delivery.
    #[must_use]
    pub const fn of(delivery: &Delivery) -> Self {
        Self {
            endpoint: delivery.endpoint,
            event: delivery.event,
            made: delivery.made,
        }
    }

    /// Reads the body of a message; `None` if it is something else.
    #[must_use]
    pub fn parse(body: &str) -> Option<Self> {
        let Body { deliver } = serde_json::from_str(body).ok()?;
        Some(Self {
            endpoint: deliver.endpoint,
            event: deliver.event,
            made: deliver.made,
        })
    }

    fn body(self) -> String {
        let deliver = Order {
            endpoint: self.endpoint,
            event: self.event,
            made: self.made,
        };
        // Ids and numbers always serialize.
        serde_json::to_string(&Body { deliver }).unwrap_or_default()
    }
}

impl DeliveryQueue {
    /// The queue that `WEBHOOK_QUEUE_URL` names, at the endpoint in `AWS_ENDPOINT_URL_SQS` if it is set.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, config: &SdkConfig) -> Result<Self, EnvError> {
        let endpoint = env.get("AWS_ENDPOINT_URL_SQS").map(str::to_owned);
        let mut config = aws_sdk_sqs::config::Builder::from(config);
        config.set_endpoint_url(endpoint);
        Ok(Self {
            client: Client::from_conf(config.build()),
            url: env.required("WEBHOOK_QUEUE_URL")?,
        })
    }

    /// Orders an attempt at `at`. Nothing is lost with a message: the delivery is also in the index of due deliveries.
    ///
    /// # Errors
    /// When SQS does not take the message.
    pub async fn send(
        &self,
        due: Due,
        at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<(), QueueError> {
        let message = self.client.send_message().queue_url(&self.url);
        let message = message
            .message_body(due.body())
            .delay_seconds(delay_seconds(at - now));
        let sent = message.send().await;
        let explained = |error| QueueError(settings::aws::explain(&error));
        sent.map(|_| ()).map_err(explained)
    }
}

/// Where webhooks may go: to this machine only in a local system, which the functions know by the address of the database. On AWS,
/// no setting opens the function's own interfaces (docs/adr/0055-which-addresses-a-webhook-may-reach.md).
#[must_use]
pub fn reach(env: &Env) -> Reach {
    let database = env.get("AWS_ENDPOINT_URL_DYNAMODB").unwrap_or_default();
    let loopback = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    if loopback.iter().any(|prefix| database.starts_with(prefix)) {
        Reach::Loopback
    } else {
        Reach::Internet
    }
}

/// Whole seconds, rounded up, so that a message does not arrive before its attempt is due.
fn delay_seconds(delay: Duration) -> i32 {
    let milliseconds = delay
        .clamp(Duration::ZERO, LONGEST_DELAY)
        .whole_milliseconds();
    i32::try_from((milliseconds + 999) / 1_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let due = Due {
            endpoint: EndpointId::from_bytes([1; 16]),
            event: EventId::from_bytes([2; 16]),
            made: 3,
        };
        assert_eq!(Due::parse(&due.body()), Some(due));
        let event = include_str!("../../events/golden/user.created.1.json");
        for other in ["", "{}", event] {
            assert_eq!(Due::parse(other), None);
        }
    }

    #[test]
    fn only_a_local_system_reaches_this_machine() {
        let of = |url| reach(&Env::from([("AWS_ENDPOINT_URL_DYNAMODB", url)]));
        assert_eq!(of("http://127.0.0.1:3001"), Reach::Loopback);
        assert_eq!(reach(&Env::from([])), Reach::Internet);
        for other in [
            "",
            "http://127.0.0.1.example.com:3001",
            "http://host.docker.internal:3001",
            "https://dynamodb.us-east-1.amazonaws.com",
        ] {
            assert_eq!(of(other), Reach::Internet, "{other}");
        }
    }

    #[test]
    fn delays_are_whole_seconds_of_at_most_15_minutes() {
        for (delay, seconds) in [
            (Duration::seconds(-5), 0),
            (Duration::ZERO, 0),
            (Duration::milliseconds(1), 1),
            (Duration::milliseconds(4_500), 5),
            (Duration::seconds(5), 5),
            (Duration::hours(1), 900),
        ] {
            assert_eq!(delay_seconds(delay), seconds, "{delay}");
        }
    }
}
