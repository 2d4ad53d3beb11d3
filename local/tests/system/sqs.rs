use std::time::{Duration, Instant};

use aws_sdk_sqs::{
    Client,
    error::ProvideErrorMetadata,
    primitives::Blob,
    types::{
        DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
        QueueAttributeName, SendMessageBatchRequestEntry,
    },
};
use local::{OPERATOR_KEY, System, function_key};

use crate::support::{TestSystem, options, sqs};

async fn send(client: &Client, queue: &str, body: &str) -> String {
    let sent = client.send_message().queue_url(queue).message_body(body);
    sent.send().await.unwrap().message_id.unwrap()
}

/// Receives at most ten messages, and makes them invisible for `visibility` seconds.
async fn receive(client: &Client, queue: &str, visibility: i32) -> Vec<Message> {
    let received = client
        .receive_message()
        .queue_url(queue)
        .max_number_of_messages(10)
        .visibility_timeout(visibility)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All");
    received.send().await.unwrap().messages.unwrap_or_default()
}

async fn delete(client: &Client, queue: &str, message: &Message) {
    let handle = message.receipt_handle().unwrap();
    let delete = client
        .delete_message()
        .queue_url(queue)
        .receipt_handle(handle);
    delete.send().await.unwrap();
}

async fn depth(client: &Client, queue: &str) -> [String; 3] {
    use QueueAttributeName as Name;
    let names = [
        Name::ApproximateNumberOfMessages,
        Name::ApproximateNumberOfMessagesNotVisible,
        Name::ApproximateNumberOfMessagesDelayed,
    ];
    let get = client.get_queue_attributes().queue_url(queue);
    let get = get.set_attribute_names(Some(names.to_vec()));
    let attributes = get.send().await.unwrap().attributes.unwrap();
    names.map(|name| attributes[&name].clone())
}

#[tokio::test]
async fn a_message_is_received_until_it_is_deleted() {
    let system = TestSystem::start().await;
    let (client, queue) = (system.sqs(OPERATOR_KEY), system.queue("Orders"));
    let attribute = |kind: &str| MessageAttributeValue::builder().data_type(kind);
    let sent = client
        .send_message()
        .queue_url(&queue)
        .message_body("hello")
        .message_attributes("a", attribute("String").string_value("x").build().unwrap())
        .message_attributes(
            "b",
            attribute("Binary")
                .binary_value(Blob::new("y"))
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent.md5_of_message_body(),
        Some("5d41402abc4b2a76b9719d911017c592")
    );
    assert_eq!(depth(&client, &queue).await, ["1", "0", "0"]);
    let [message] = receive(&client, &queue, 30).await.try_into().unwrap();
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(message.body(), Some("hello"));
    assert_eq!(
        message.md5_of_message_attributes(),
        sent.md5_of_message_attributes()
    );
    let attributes = message.message_attributes().unwrap();
    assert_eq!(attributes["b"].binary_value(), Some(&Blob::new("y")));
    let system_attributes = message.attributes().unwrap();
    assert_eq!(
        system_attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
        "1"
    );
    assert!(
        system_attributes[&MessageSystemAttributeName::SentTimestamp]
            <= system_attributes[&MessageSystemAttributeName::ApproximateFirstReceiveTimestamp]
    );
    assert_eq!(depth(&client, &queue).await, ["0", "1", "0"]);
    assert_eq!(receive(&client, &queue, 30).await.len(), 0);
    delete(&client, &queue, &message).await;
    assert_eq!(depth(&client, &queue).await, ["0", "0", "0"]);
    // Idempotent.
    delete(&client, &queue, &message).await;
}

#[tokio::test]
async fn a_message_received_too_often_goes_to_the_dead_letters_and_back() {
    let system = TestSystem::start().await;
    let (client, queue, dead) = (
        system.sqs(OPERATOR_KEY),
        system.queue("Orders"),
        system.queue("OrdersDead"),
    );
    let id = send(&client, &queue, "a").await;
    for count in ["1", "2"] {
        let [message] = receive(&client, &queue, 0).await.try_into().unwrap();
        let attributes = message.attributes().unwrap();
        assert_eq!(
            attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
            count
        );
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    assert_eq!(receive(&client, &queue, 0).await.len(), 0);
    let [message] = receive(&client, &dead, 0).await.try_into().unwrap();
    assert_eq!(message.message_id(), Some(id.as_str()));
    let source =
        &message.attributes().unwrap()[&MessageSystemAttributeName::DeadLetterQueueSourceArn];
    assert!(source.ends_with(":shop-dev-Orders"), "{source}");
    let sources = client
        .list_dead_letter_source_queues()
        .queue_url(&dead)
        .send()
        .await
        .unwrap();
    assert_eq!(sources.queue_urls(), std::slice::from_ref(&queue));

    tokio::time::sleep(Duration::from_millis(3)).await;
    let arn = "arn:aws:sqs:us-east-1:000000000000:shop-dev-OrdersDead";
    client
        .start_message_move_task()
        .source_arn(arn)
        .send()
        .await
        .unwrap();
    loop {
        let tasks = client
            .list_message_move_tasks()
            .source_arn(arn)
            .send()
            .await
            .unwrap();
        let [task] = tasks.results() else {
            panic!("{tasks:?}")
        };
        match task.status().unwrap() {
            "RUNNING" => {}
            status => {
                assert_eq!(
                    (status, task.approximate_number_of_messages_moved()),
                    ("COMPLETED", 1)
                );
                break;
            }
        }
    }
    let [message] = receive(&client, &queue, 0).await.try_into().unwrap();
    let attributes = message.attributes().unwrap();
    assert_eq!(
        attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
        "1"
    );
    assert_ne!(message.message_id(), Some(id.as_str()));
}

#[tokio::test]
async fn a_request_waits_for_a_message() {
    let system = TestSystem::start().await;
    let (client, queue) = (system.sqs(OPERATOR_KEY), system.queue("Orders"));
    let waiting = client
        .receive_message()
        .queue_url(&queue)
        .wait_time_seconds(20);
    let waiting = tokio::spawn(waiting.send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    send(&client, &queue, "a").await;
    assert_eq!(waiting.await.unwrap().unwrap().messages().len(), 1);
    assert!(start.elapsed() < Duration::from_secs(15));
    // It also ends when the visibility of a message ends, and when the time is over.
    let short = client
        .receive_message()
        .queue_url(&queue)
        .wait_time_seconds(1);
    assert_eq!(short.clone().send().await.unwrap().messages().len(), 0);
    client.purge_queue().queue_url(&queue).send().await.unwrap();
    let delayed = client
        .send_message()
        .queue_url(&queue)
        .message_body("b")
        .delay_seconds(8);
    delayed.send().await.unwrap();
    assert_eq!(depth(&client, &queue).await, ["0", "0", "1"]);
    let wait = client
        .receive_message()
        .queue_url(&queue)
        .wait_time_seconds(20);
    assert_eq!(wait.send().await.unwrap().messages().len(), 1);
}

#[tokio::test]
async fn an_entry_of_a_batch_fails_alone() {
    let system = TestSystem::start().await;
    let (client, queue) = (system.sqs(OPERATOR_KEY), system.queue("Orders"));
    let entry = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body)
    };
    let sent = client
        .send_message_batch()
        .queue_url(&queue)
        .entries(entry("a", "1").build().unwrap())
        .entries(entry("b", "2").delay_seconds(901).build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.successful()[0].id(), "a");
    let [failed] = sent.failed() else {
        panic!("{sent:?}")
    };
    assert_eq!(
        (failed.id(), failed.code(), failed.sender_fault()),
        ("b", "InvalidParameterValue", true)
    );
    let twice = client
        .send_message_batch()
        .queue_url(&queue)
        .entries(entry("a", "1").build().unwrap())
        .entries(entry("a", "2").build().unwrap())
        .send();
    let error = twice.await.unwrap_err().into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct(), "{error:?}");
    let [message] = receive(&client, &queue, 30).await.try_into().unwrap();
    let handle = |handle: &str| {
        DeleteMessageBatchRequestEntry::builder()
            .id(handle.len().to_string())
            .receipt_handle(handle)
    };
    let deleted = client
        .delete_message_batch()
        .queue_url(&queue)
        .entries(handle(message.receipt_handle().unwrap()).build().unwrap())
        .entries(handle("invalid").build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (deleted.successful().len(), deleted.failed()[0].code()),
        (1, "ReceiptHandleIsInvalid")
    );
}

#[tokio::test]
async fn visibility_can_be_changed_until_a_message_is_received_again() {
    let system = TestSystem::start().await;
    let (client, queue) = (system.sqs(OPERATOR_KEY), system.queue("Orders"));
    send(&client, &queue, "a").await;
    let [message] = receive(&client, &queue, 30).await.try_into().unwrap();
    let change = |seconds: i32| {
        let change = client.change_message_visibility().queue_url(&queue);
        let change = change.receipt_handle(message.receipt_handle().unwrap());
        change.visibility_timeout(seconds).send()
    };
    change(0).await.unwrap();
    // It is visible again, and was not received since.
    change(30).await.unwrap();
    assert_eq!(depth(&client, &queue).await, ["0", "1", "0"]);
    change(0).await.unwrap();
    assert_eq!(receive(&client, &queue, 30).await.len(), 1);
    let error = change(0).await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn the_size_of_a_batch_includes_attributes() {
    let system = TestSystem::start().await;
    let (client, queue) = (system.sqs(OPERATOR_KEY), system.queue("Orders"));
    let attribute = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("x")
        .build()
        .unwrap();
    let entry = |id: &str| {
        SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body("x".repeat(524_288))
    };
    let send = |first: SendMessageBatchRequestEntry| {
        let send = client.send_message_batch().queue_url(&queue);
        send.entries(first)
            .entries(entry("b").build().unwrap())
            .send()
    };
    send(entry("a").build().unwrap()).await.unwrap();
    let with_attribute = entry("a").message_attributes("a", attribute);
    let error = send(with_attribute.build().unwrap()).await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_batch_request_too_long(), "{error:?}");
}

#[tokio::test]
async fn a_queue_has_its_times_and_its_policy() {
    let system = TestSystem::start().await;
    let attributes = system
        .sqs(OPERATOR_KEY)
        .get_queue_attributes()
        .queue_url(system.queue("Guarded"))
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    let created: u64 = attributes[&QueueAttributeName::CreatedTimestamp]
        .parse()
        .unwrap();
    assert!(created > 1_700_000_000, "{created}");
    let policy: serde_json::Value =
        serde_json::from_str(&attributes[&QueueAttributeName::Policy]).unwrap();
    assert_eq!(policy["Statement"][0]["Action"], "sqs:ReceiveMessage");
}

#[tokio::test]
async fn a_move_task_has_the_errors_of_sqs() {
    let system = TestSystem::start().await;
    let client = system.sqs(OPERATOR_KEY);
    let cancel = |handle: &str| client.cancel_message_move_task().task_handle(handle).send();
    let error = cancel("none").await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    let dead = "arn:aws:sqs:us-east-1:000000000000:shop-dev-OrdersDead";
    let start = client.start_message_move_task().source_arn(dead);
    let none = start.clone().destination_arn(dead.replace("Dead", "None"));
    let error = none.send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    let error = error.into_service_error();
    assert!(error.to_string().contains("DestinationArn"), "{error}");
    // One message each second, so the task runs when another is started.
    for number in 0..30 {
        send(&client, &system.queue("OrdersDead"), &number.to_string()).await;
    }
    let slow = start.clone().destination_arn(dead.replace("Dead", ""));
    slow.max_number_of_messages_per_second(1)
        .send()
        .await
        .unwrap();
    let error = start.send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn invalid_requests_have_the_codes_of_sqs() {
    let system = TestSystem::start().await;
    let (client, queue) = (system.sqs(OPERATOR_KEY), system.queue("Orders"));
    let error = client
        .get_queue_url()
        .queue_name("none")
        .send()
        .await
        .unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    let invalid = client
        .send_message()
        .queue_url(&queue)
        .message_body("\u{1}")
        .send()
        .await;
    assert!(
        invalid
            .unwrap_err()
            .into_service_error()
            .is_invalid_message_contents()
    );
    let large = client
        .send_message()
        .queue_url(&queue)
        .message_body("x".repeat(1_048_577));
    let error = large.send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    let many = client
        .receive_message()
        .queue_url(&queue)
        .max_number_of_messages(11);
    let error = many.send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    let listed = client
        .list_queues()
        .queue_name_prefix("shop-dev-Orders")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.queue_urls(), [queue, system.queue("OrdersDead")]);
}

#[tokio::test]
async fn a_function_can_do_what_its_role_and_the_queues_policy_allow() {
    let system = TestSystem::start().await;
    let echo = system.sqs(&function_key("EchoFunction"));
    let (orders, guarded) = (system.queue("Orders"), system.queue("Guarded"));
    send(&echo, &orders, "a").await;
    let denied = echo
        .receive_message()
        .queue_url(&orders)
        .send()
        .await
        .unwrap_err();
    assert!(
        denied.to_string().contains("service error")
            && format!("{denied:?}").contains("AccessDenied")
    );
    // The policy of the queue allows one action and denies another.
    echo.get_queue_url()
        .queue_name("shop-dev-Guarded")
        .send()
        .await
        .unwrap();
    let denied = echo
        .receive_message()
        .queue_url(&guarded)
        .send()
        .await
        .unwrap_err();
    assert!(format!("{denied:?}").contains("explicit deny in a resource-based policy"));
    assert!(echo.purge_queue().queue_url(&guarded).send().await.is_err());
}

#[tokio::test]
async fn messages_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), false);
    let system = System::start(&options).await.unwrap();
    let client = sqs(system.endpoints(), OPERATOR_KEY);
    let queue = |system: &System| format!("{}/0/shop-dev-Orders", system.endpoints().sqs);
    for body in ["deleted", "received", "waiting"] {
        send(&client, &queue(&system), body).await;
    }
    let one = || client.receive_message().queue_url(queue(&system)).send();
    let [deleted] = one().await.unwrap().messages.unwrap().try_into().unwrap();
    assert_eq!(one().await.unwrap().messages().len(), 1);
    delete(&client, &queue(&system), &deleted).await;
    // Without a graceful stop.
    drop(system);

    let system = System::start(&options).await.unwrap();
    let client = sqs(system.endpoints(), OPERATOR_KEY);
    let mut received = receive(&client, &queue(&system), 30).await;
    received.sort_by(|a, b| a.body().cmp(&b.body()));
    let bodies: Vec<_> = received
        .iter()
        .map(|message| message.body().unwrap())
        .collect();
    assert_eq!(bodies, ["received", "waiting"]);
    let attributes = received[0].attributes().unwrap();
    assert_eq!(
        attributes[&MessageSystemAttributeName::ApproximateReceiveCount],
        "2"
    );
    system.stop().await;
}
