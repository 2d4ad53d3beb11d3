//! `/webhooks`: endpoints, and deliveries to them.

mod access;
mod deliver;
mod endpoints;
mod erasure;
mod failures;
mod redeliver;
mod unreachable;

use serde_json::{Value, json};

use crate::support::{Received, SignedIn, TestApp};

const TABLE: &str = "WebhookDeliveries";

/// Creates an endpoint, and returns its id and its secret.
pub async fn create(admin: &SignedIn<'_>, url: &str) -> (String, String) {
    let created = admin.post("/webhooks", &json!({ "url": url })).await;
    let body = created.expect(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&body["endpoint"]["id"]), text(&body["secret"]))
}

/// Sends a test event, and returns the id of its delivery.
async fn send_test(admin: &SignedIn<'_>, endpoint: &str) -> String {
    let path = format!("/webhooks/{endpoint}/test");
    let sent = admin.post(&path, &json!({})).await.expect(202).json();
    assert_eq!(sent["delivery"]["status"], "pending");
    sent["delivery"]["id"].as_str().unwrap().to_owned()
}

/// Returns a delivery as the API shows it.
async fn delivery(admin: &SignedIn<'_>, endpoint: &str, id: &str) -> Value {
    let path = format!("/webhooks/{endpoint}/deliveries?limit=100");
    let page = admin.get(&path).await.expect(200).json();
    let items = page["items"].as_array().unwrap();
    items.iter().find(|item| item["id"] == id).unwrap().clone()
}

/// Gives a message of the queue to the function, as Lambda does. With a message that it has already, nothing is sent twice.
async fn message(app: &TestApp, body: &str) -> Value {
    messages(app, &[body]).await
}

async fn messages(app: &TestApp, bodies: &[&str]) -> Value {
    let records = bodies.iter().enumerate().map(|(number, body)| {
        json!({
            "messageId": number.to_string(), "receiptHandle": "a", "body": body, "attributes": {},
            "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:WebhookQueue",
        })
    });
    let batch = json!({"Records": records.collect::<Vec<_>>()});
    let response = app.invoke_function("WebhookDeliverFunction", &batch, &[]);
    response.await.expect(200).json()
}

/// Orders an attempt.
async fn attempt(app: &TestApp, endpoint: &str, id: &str, made: u32) {
    let body = order(endpoint, id, made);
    assert_eq!(message(app, &body).await["batchItemFailures"], json!([]));
}

fn order(endpoint: &str, id: &str, made: u32) -> String {
    let event = id.strip_prefix("evt_").unwrap();
    json!({"deliver": {"endpoint": endpoint, "event": event, "made": made}}).to_string()
}

fn key(endpoint: &str, id: &str) -> Value {
    let event = id.strip_prefix("evt_").unwrap();
    json!({"endpoint": {"S": endpoint}, "event": {"S": event}})
}

/// Makes the next attempt of a delivery due now.
async fn make_due(app: &TestApp, endpoint: &str, id: &str) {
    set_next(app, endpoint, id, "0").await;
}

/// Puts the next attempt of a delivery off: the system, which tries again after five seconds, finds it not due.
async fn put_off(app: &TestApp, endpoint: &str, id: &str) {
    set_next(app, endpoint, id, "4000000000000").await;
}

async fn set_next(app: &TestApp, endpoint: &str, id: &str, milliseconds: &str) {
    let values = json!({":next": {"N": milliseconds}});
    let update = "SET next_at = :next";
    app.update_item(TABLE, &key(endpoint, id), update, &values)
        .await;
}

/// An event of the bus about a user.
fn user_event(kind: &str, user: &str, version: u64) -> events::Event {
    let kind = events::EventType::parse(kind).unwrap();
    let user_id = domain::UserId::parse(user).unwrap();
    let data = events::Data::User(events::UserData::of(user_id));
    let time = time::macros::datetime!(2026-01-01 00:00:00 UTC);
    events::Event::new(kind, time, format!("user/{user}"), version, data)
}

/// Whether a request has a signature with this secret, as Standard Webhooks defines it.
pub fn is_signed(received: &Received, secret: &str) -> bool {
    let secret = domain::webhook::Secret::parse(secret).unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.bytes());
    let id = received.header("webhook-id");
    let timestamp = received.header("webhook-timestamp");
    let content = format!("{id}.{timestamp}.{}", received.body);
    let signatures = received.header("webhook-signature").split(' ');
    let decode = |text: &str| {
        use base64::Engine as _;
        let text = text.strip_prefix("v1,").unwrap();
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
    };
    signatures
        .map(decode)
        .any(|signature| ring::hmac::verify(&key, content.as_bytes(), &signature).is_ok())
}
