use aws_sdk_eventbridge::{
    Client,
    error::ProvideErrorMetadata,
    types::{PutEventsRequestEntry, PutEventsResultEntry, builders::PutEventsRequestEntryBuilder},
};
use local::{OPERATOR_KEY, function_key};
use serde_json::{Value, json};

use crate::support::TestSystem;

fn entry(kind: &str) -> PutEventsRequestEntryBuilder {
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name("shop")
        .source("shop");
    entry.detail_type(kind).detail(r#"{"order": 7}"#)
}

async fn put(client: &Client, entry: PutEventsRequestEntryBuilder) -> PutEventsResultEntry {
    let put = client.put_events().entries(entry.build()).send().await;
    put.unwrap().entries.unwrap().remove(0)
}

/// Receives the only message of a queue: its body, and its attributes with texts.
async fn message(system: &TestSystem, queue: &str) -> (Value, Value) {
    let receive = system
        .sqs(OPERATOR_KEY)
        .receive_message()
        .queue_url(system.queue(queue));
    let receive = receive
        .max_number_of_messages(10)
        .message_attribute_names("All");
    let [message] = receive
        .send()
        .await
        .unwrap()
        .messages
        .unwrap_or_default()
        .try_into()
        .unwrap();
    let attributes = message.message_attributes.unwrap_or_default();
    let attributes = attributes
        .iter()
        .map(|(name, value)| (name.clone(), json!(value.string_value())));
    (
        serde_json::from_str(message.body.as_deref().unwrap()).unwrap(),
        attributes.collect(),
    )
}

#[tokio::test]
async fn a_rule_delivers_matching_events_to_queues_that_allow_it() {
    let system = TestSystem::start().await;
    let client = system.eventbridge(&function_key("EchoFunction"));
    for kind in ["order.paid", "payment"] {
        assert!(put(&client, entry(kind)).await.event_id().is_some());
    }
    system.settled().await;
    assert_eq!(message(&system, "Orders").await.0, json!({"order": 7}));
    let (event, attributes) = message(&system, "Dead").await;
    assert_eq!(event["detail-type"], "order.paid");
    assert_eq!(attributes["ERROR_CODE"], "NO_PERMISSIONS");
    assert_eq!(
        attributes["RULE_ARN"],
        "arn:aws:events:us-east-1:000000000000:rule/shop/shop-dev-PaidRule"
    );
    assert_eq!(
        attributes["TARGET_ARN"],
        "arn:aws:sqs:us-east-1:000000000000:shop-dev-Guarded"
    );
}

#[tokio::test]
async fn an_event_that_a_function_cannot_process_becomes_a_dead_letter() {
    let system = TestSystem::start().await;
    put(&system.eventbridge(OPERATOR_KEY), entry("invoke")).await;
    system.settled().await;
    let (record, _) = message(&system, "Dead").await;
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 2);
    assert_eq!(record["requestPayload"]["detail"], json!({"order": 7}));
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorMessage"], "it fails always");
}

#[tokio::test]
async fn an_invalid_entry_fails_alone() {
    let system = TestSystem::start().await;
    let client = system.eventbridge(OPERATOR_KEY);
    let put = client
        .put_events()
        .entries(entry("order.paid").build())
        .entries(entry("a").source("aws.s3").build())
        .entries(entry("a").detail("[]").build())
        .entries(PutEventsRequestEntry::builder().source("shop").build())
        .entries(entry("a").event_bus_name("none").build());
    let put = put.send().await.unwrap();
    let codes: Vec<_> = put
        .entries()
        .iter()
        .map(PutEventsResultEntry::error_code)
        .collect();
    let expected = [
        None,
        Some("NotAuthorizedForSourceException"),
        Some("MalformedDetail"),
        Some("InvalidArgument"),
        None,
    ];
    assert_eq!(codes, expected);
    assert_eq!(put.failed_entry_count(), 3);
}

#[tokio::test]
async fn an_invalid_request_is_refused() {
    let system = TestSystem::start().await;
    let client = system.eventbridge(OPERATOR_KEY);
    let entries = |count: usize, detail: String| {
        let entry = entry("a").detail(detail).build();
        client
            .put_events()
            .set_entries(Some(vec![entry; count]))
            .send()
    };
    for (count, size) in [(0, 1), (11, 1), (2, 600_000)] {
        let detail = json!({"text": "x".repeat(size)}).to_string();
        let error = entries(count, detail)
            .await
            .unwrap_err()
            .into_service_error();
        assert_eq!(error.code(), Some("ValidationException"), "{count} {size}");
    }
    let echo = system.eventbridge(&function_key("EchoFunction"));
    let denied = echo
        .put_events()
        .entries(entry("a").event_bus_name("default").build())
        .send()
        .await;
    assert_eq!(denied.unwrap_err().code(), Some("AccessDeniedException"));
}
