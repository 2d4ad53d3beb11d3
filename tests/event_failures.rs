//! Events that cannot be handled are in queues of dead letters.

use std::fs;

use serde_json::json;

use crate::support::{TestApp, cloakroom_dev};

/// Waits until the log says that something is in a queue of dead letters.
async fn until_dead(app: &TestApp, queue: &str) {
    let text = format!("is now in the dead-letter queue cloakroom-dev-{queue}");
    app.log_with(&[&text]).await;
}

#[tokio::test]
async fn an_invocation_that_no_handler_knows_is_a_dead_letter() {
    let app = TestApp::start();
    let event = json!({"source": "unknown"});
    let headers = [("x-amz-invocation-type", "Event")];
    for (function, queue) in [
        ("OrdersFunction", "OrdersDeadLetters"),
        ("WebhookDeliverFunction", "WebhookDeadLetters"),
    ] {
        let invoked = app.invoke_function(function, &event, &headers).await;
        invoked.expect(202);
        until_dead(&app, queue).await;
    }
}

#[tokio::test]
async fn a_change_that_cannot_be_published_is_a_dead_letter_and_delays_no_later_change_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let template = include_str!("../template.yaml");
    let retries = "MaximumRetryAttempts: 200";
    assert!(template.contains(retries));
    let path = dir.path().join("template.yaml");
    fs::write(&path, template.replace(retries, "MaximumRetryAttempts: 1")).unwrap();
    let data = dir.path().join("data");
    let mut command = cloakroom_dev(&data);
    command.arg("--ephemeral").arg("--template").arg(&path);
    let app = TestApp::start_command(&mut command, &data);
    // An item that no version wrote.
    let key = json!({"id": {"S": "x"}});
    app.update_item(
        "Products",
        &key,
        "SET title = :title",
        &json!({":title": {"S": "Tea"}}),
    )
    .await;
    until_dead(&app, "EventRelayDeadLetters").await;
    let seller = app.seller("ada@example.com").await;
    let admin = app.admin("root@example.com").await;
    let product = crate::products::published(&seller, "Tea").await;
    app.settled().await;
    let id = product["id"].as_str().unwrap();
    let gift = format!("/admin/users/{}/entitlements/{id}", seller.id);
    admin.put(&gift, &json!({})).await.expect(204);
}
