//! Events travel from tables to the services that listen: stream, bus, rule, queue, function.

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_change_of_a_table_reaches_the_queues_of_the_rules_that_match() {
    let app = TestApp::start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    app.settled().await;
    let log = app.log_with(&["event-relay |"]).await;
    assert!(!log.contains("warning:"), "{log}");
}

#[tokio::test]
async fn an_event_that_a_consumer_cannot_read_goes_to_its_dead_letters() {
    let app = TestApp::start();
    let entry = json!({
        "EventBusName": "cloakroom-dev", "Source": "cloakroom", "DetailType": "product.published", "Detail": "{\"id\": 1}",
    });
    let entries = json!({ "Entries": [entry] });
    let put = app.call_engine("events", "local", "AWSEvents.PutEvents", &entries);
    assert_eq!(put.await.expect(200).json()["FailedEntryCount"], 0);
    app.settled().await;
    for name in ["Library", "UploadGrants"] {
        let moved = format!(
            "cloakroom-dev-{name}Queue was received 5 times and is now in the dead-letter queue"
        );
        app.log_with(&[&moved]).await;
    }
}
