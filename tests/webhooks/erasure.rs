use serde_json::{Value, json};

use super::{attempt, create, delivery, key, message, user_event};
use crate::support::{Answer, Receiver, TestApp, eventually};

const USER: &str = "01010101-0101-7101-8101-010101010101";
const OTHER: &str = "02020202-0202-7202-8202-020202020202";

async fn scan(app: &TestApp) -> String {
    let body = json!({"TableName": "cloakroom-dev-WebhookDeliveriesTable", "ConsistentRead": true});
    let target = "DynamoDB_20120810.Scan";
    let found = app.call_engine("dynamodb", "local", target, &body).await;
    String::from_utf8(found.expect(200).body).unwrap()
}

#[tokio::test]
async fn a_deleted_user_is_erased_from_all_payloads() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let send = async |event: &events::Event, answer| {
        receiver.answer([answer]);
        let failed = message(&app, &event.to_json().unwrap()).await;
        assert_eq!(failed["batchItemFailures"], json!([]));
        let id = event.id.name();
        attempt(&app, &endpoint, &id, 0).await;
        eventually(async || !delivery(&admin, &endpoint, &id).await["attempts"][0].is_null()).await;
        id
    };
    let delivered = send(&user_event("user.created", USER, 1), Answer::Status(200)).await;
    let other = send(&user_event("user.created", OTHER, 1), Answer::Status(200)).await;
    let pending = send(&user_event("user.disabled", USER, 2), Answer::Status(500)).await;
    super::put_off(&app, &endpoint, &pending).await;
    assert!(scan(&app).await.contains(USER));

    // The deletion is still to be delivered: it is the last event with the id.
    let deletion = user_event("user.deleted", USER, 3);
    let deleted = send(&deletion, Answer::Status(500)).await;
    let item = async |id: &str| app.get_item(super::TABLE, &key(&endpoint, id)).await;
    for id in [&delivered, &pending] {
        let shown = delivery(&admin, &endpoint, id).await;
        assert_eq!(shown["canRedeliver"], false);
        assert_eq!(item(id).await["payload"], Value::Null);
    }
    assert_eq!(
        delivery(&admin, &endpoint, &pending).await["status"],
        "failed"
    );
    assert!(item(&other).await["payload"].is_object());
    let path = format!("/webhooks/{endpoint}/redeliver");
    let refused = admin
        .post(&path, &json!({"deliveryId": delivered}))
        .await
        .expect(409);
    assert_eq!(refused.problem(), "payload_erased");

    super::make_due(&app, &endpoint, &deleted).await;
    attempt(&app, &endpoint, &deleted, 1).await;
    eventually(async || delivery(&admin, &endpoint, &deleted).await["status"] == "delivered").await;
    // An event that arrives late is delivered, and erased as soon as it is.
    let late = send(&user_event("user.enabled", USER, 2), Answer::Status(200)).await;
    eventually(async || delivery(&admin, &endpoint, &late).await["status"] == "delivered").await;
    let left = scan(&app).await;
    assert!(!left.contains(USER) && left.contains(OTHER));
    let last = receiver.received().pop().unwrap();
    assert_eq!(last.json()["type"], "user.enabled");
}
