//! Queues that invoke functions.

use aws_sdk_dynamodb::types::AttributeValue;
use local::OPERATOR_KEY;
use serde_json::{Value, json};

use crate::support::TestSystem;

async fn send(system: &TestSystem, queue: &str, body: &Value) {
    let send = system
        .sqs(OPERATOR_KEY)
        .send_message()
        .queue_url(system.queue(queue));
    send.message_body(body.to_string()).send().await.unwrap();
}

/// Returns the message that the function stored.
async fn recorded(system: &TestSystem, id: &str) -> Option<Value> {
    let get = system
        .dynamodb(OPERATOR_KEY)
        .get_item()
        .table_name("shop-dev-Allowed");
    let item = get
        .key("id", AttributeValue::S(id.to_owned()))
        .send()
        .await
        .unwrap()
        .item?;
    Some(serde_json::from_str(item["event"].as_s().unwrap()).unwrap())
}

/// Returns the bodies of all messages of a queue.
async fn bodies(system: &TestSystem, queue: &str) -> Vec<String> {
    let receive = system
        .sqs(OPERATOR_KEY)
        .receive_message()
        .queue_url(system.queue(queue));
    let received = receive.max_number_of_messages(10).send().await.unwrap();
    let bodies = received
        .messages()
        .iter()
        .map(|message| message.body().unwrap().to_owned());
    bodies.collect()
}

#[tokio::test]
async fn a_message_invokes_the_function_and_is_deleted() {
    let system = TestSystem::start().await;
    send(&system, "Work", &json!({"id": "a"})).await;
    system.settled().await;
    let mut record = recorded(&system, "a").await.unwrap();
    for member in ["messageId", "receiptHandle"] {
        assert!(record[member].take().as_str().unwrap().len() >= 36);
    }
    for name in ["ApproximateFirstReceiveTimestamp", "SentTimestamp"] {
        assert_eq!(
            record["attributes"][name].take().as_str().unwrap().len(),
            13
        );
    }
    assert_eq!(
        record,
        json!({
            "messageId": null,
            "receiptHandle": null,
            "body": "{\"id\":\"a\"}",
            "attributes": {
                "ApproximateFirstReceiveTimestamp": null,
                "ApproximateReceiveCount": "1",
                "SenderId": "AIDALOCAL",
                "SentTimestamp": null,
            },
            "messageAttributes": {},
            "md5OfBody": "6a1a81494a7765ad411580b31c1b7044",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:shop-dev-Work",
            "awsRegion": "us-east-1",
        })
    );
    assert_eq!(bodies(&system, "Work").await, [""; 0]);
}

#[tokio::test]
async fn a_failed_message_is_delivered_again_and_then_goes_to_the_dead_letters() {
    let system = TestSystem::start().await;
    for (id, fail) in [("a", 0), ("b", 2), ("c", 9)] {
        send(&system, "Work", &json!({"fail": fail, "id": id})).await;
    }
    system.settled().await;
    let count = async |id: &str| {
        recorded(&system, id)
            .await
            .map(|record| record["attributes"]["ApproximateReceiveCount"].clone())
    };
    assert_eq!(count("a").await, Some(json!("1")));
    assert_eq!(count("b").await, Some(json!("3")));
    assert_eq!(count("c").await, None);
    assert_eq!(
        bodies(&system, "WorkDead").await,
        ["{\"fail\":9,\"id\":\"c\"}"]
    );
}

#[tokio::test]
async fn an_invalid_response_fails_the_batch() {
    let system = TestSystem::start().await;
    send(&system, "Work", &json!({"id": "a", "invalid": true})).await;
    system.settled().await;
    assert_eq!(bodies(&system, "WorkDead").await.len(), 1);
}

#[tokio::test]
async fn a_message_that_no_filter_matches_is_deleted() {
    let system = TestSystem::start().await;
    send(&system, "Work", &json!({"other": "a"})).await;
    system.settled().await;
    for queue in ["Work", "WorkDead"] {
        assert_eq!(bodies(&system, queue).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_queue_that_the_role_may_not_read_is_not_delivered() {
    let system = TestSystem::start().await;
    send(&system, "Unread", &json!({"id": "a"})).await;
    system.settled().await;
    assert_eq!(recorded(&system, "a").await, None);
    assert_eq!(bodies(&system, "Unread").await.len(), 1);
}

#[tokio::test]
async fn many_messages_are_each_processed() {
    let system = TestSystem::start().await;
    for index in 0..60 {
        send(&system, "Work", &json!({"id": format!("m{index}")})).await;
    }
    system.settled().await;
    for index in 0..60 {
        assert!(
            recorded(&system, &format!("m{index}")).await.is_some(),
            "{index}"
        );
    }
}
