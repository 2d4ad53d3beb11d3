use serde_json::{Value, json};

use super::{
    attempt, create, delivery, is_signed, make_due, message, messages, order, send_test, user_event,
};
use crate::support::{Answer, Receiver, TestApp, eventually};

const USER: &str = "01010101-0101-7101-8101-010101010101";

#[tokio::test]
async fn a_test_event_arrives_signed() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    let (endpoint, secret) = create(&admin, &receiver.url).await;
    let id = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &id, 0).await;
    let arrived = receiver.wait_for(1).await.remove(0);
    assert_eq!(arrived.path, "/hook");
    assert_eq!(arrived.header("webhook-id"), id);
    assert_eq!(arrived.header("content-type"), "application/json");
    assert!(is_signed(&arrived, &secret));
    let event = arrived.json();
    assert_eq!(event["id"], id.as_str());
    assert_eq!(event["type"], "webhook.test");
    assert_eq!(event["data"], json!({"endpointId": endpoint}));
    eventually(async || delivery(&admin, &endpoint, &id).await["status"] == "delivered").await;
    let shown = delivery(&admin, &endpoint, &id).await;
    assert_eq!(shown["nextAttemptAt"], Value::Null);
    let attempts = shown["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1);
    assert_eq!(
        (&attempts[0]["status"], &attempts[0]["failure"]),
        (&json!(204), &Value::Null)
    );
    // An order that arrives again sends nothing.
    attempt(&app, &endpoint, &id, 0).await;
    attempt(&app, &endpoint, &id, 1).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn both_secrets_sign_during_a_rotation() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    let (endpoint, old) = create(&admin, &receiver.url).await;
    let path = format!("/webhooks/{endpoint}/rotate-secret");
    let rotated = admin.post(&path, &json!({})).await.expect(200).json();
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(old, new);
    let id = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &id, 0).await;
    let arrived = receiver.wait_for(1).await.remove(0);
    assert_eq!(arrived.header("webhook-signature").split(' ').count(), 2);
    assert!(is_signed(&arrived, &old) && is_signed(&arrived, new));
    // The rotation ends.
    let key = json!({"id": {"S": endpoint}});
    let update = "SET previous_until = :now";
    let values = json!({":now": {"N": "0"}});
    app.update_item("WebhookEndpoints", &key, update, &values)
        .await;
    let id = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &id, 0).await;
    let arrived = receiver.wait_for(2).await.remove(1);
    assert!(!is_signed(&arrived, &old) && is_signed(&arrived, new));
}

#[tokio::test]
async fn an_event_goes_to_each_endpoint_that_receives_it_once() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receivers = [
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    ];
    let mut ids = Vec::new();
    for (receiver, change) in receivers.iter().zip([
        json!({}),
        json!({"eventTypes": ["order.paid"]}),
        json!({"enabled": false}),
    ]) {
        let (id, _) = create(&admin, &receiver.url).await;
        admin
            .patch(&format!("/webhooks/{id}"), &change)
            .await
            .expect(200);
        ids.push(id);
    }
    let event = user_event("user.created", USER, 1);
    let body = event.to_json().unwrap();
    let answer = messages(&app, &[&body, &body, "{}"]).await;
    assert_eq!(
        answer["batchItemFailures"],
        json!([{"itemIdentifier": "2"}])
    );
    attempt(&app, &ids[0], &event.id.name(), 0).await;
    assert_eq!(message(&app, &body).await["batchItemFailures"], json!([]));
    let arrived = receivers[0].wait_for(1).await;
    assert_eq!(arrived[0].body, body);
    assert_eq!(arrived[0].header("webhook-id"), event.id.name());
    for (at, count) in [(0, 1), (1, 0), (2, 0)] {
        let path = format!("/webhooks/{}/deliveries", ids[at]);
        let listed = admin.get(&path).await.expect(200).json();
        assert_eq!(listed["items"].as_array().unwrap().len(), count);
        assert_eq!(receivers[at].received().len(), count);
    }
}

#[tokio::test]
async fn of_simultaneous_workers_one_makes_the_attempt() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let id = send_test(&admin, &endpoint).await;
    let body = order(&endpoint, &id, 0);
    let twice = [body.as_str(), body.as_str()];
    let workers = (0..10).map(|_| messages(&app, &twice));
    futures_util::future::join_all(workers).await;
    receiver.wait_for(1).await;
    eventually(async || delivery(&admin, &endpoint, &id).await["status"] == "delivered").await;
    assert_eq!(receiver.received().len(), 1);
}

/// A worker that ends between the request and the record of it.
#[tokio::test]
async fn an_attempt_that_was_not_recorded_is_made_again_with_the_same_id() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Status(500)]);
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let id = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &id, 0).await;
    receiver.wait_for(1).await;
    eventually(async || !delivery(&admin, &endpoint, &id).await["attempts"][0].is_null()).await;
    // The state during an attempt whose claim has run out.
    let values = json!({":zero": {"N": "0"}, ":claim": {"N": "1"}});
    let update = "SET made = :zero, next_at = :zero, claimed_until = :claim";
    app.update_item(super::TABLE, &super::key(&endpoint, &id), update, &values)
        .await;
    attempt(&app, &endpoint, &id, 0).await;
    let arrived = receiver.wait_for(2).await;
    assert_eq!(
        arrived[0].header("webhook-id"),
        arrived[1].header("webhook-id")
    );
    assert_eq!(arrived[0].body, arrived[1].body);
    make_due(&app, &endpoint, &id).await;
    attempt(&app, &endpoint, &id, 1).await;
    assert_eq!(receiver.received().len(), 2, "it is delivered");
}
