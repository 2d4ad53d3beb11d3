use serde_json::json;

use super::{attempt, create, delivery, send_test};
use crate::support::{Receiver, TestApp, eventually};

/// In a local system, http URLs of this machine are allowed, and nothing else that is not on the Internet.
const MORE: [&str; 4] = [
    "http://hooks.example.com/",
    "http://169.254.169.254/latest/meta-data/",
    "http://192.168.0.1/",
    "gopher://127.0.0.1/",
];

#[tokio::test]
async fn hosts_that_are_not_public_are_refused() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let hosts = include_str!("../../shared/domain/src/webhook/forbidden_hosts.txt");
    let urls = hosts
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|host| format!("https://{host}/"));
    let (mut refused, mut this_machine) = (0, 0);
    for url in urls.chain(MORE.map(str::to_owned)) {
        let response = admin.post("/webhooks", &json!({ "url": url })).await;
        if response.status == 201 {
            let stored = response.json()["endpoint"]["url"]
                .as_str()
                .unwrap()
                .to_owned();
            let is_this_machine = ["https://127.", "https://[::1]", "https://localhost/"]
                .iter()
                .any(|start| stored.starts_with(start));
            assert!(is_this_machine, "{url} is stored as {stored}");
            let path = response.header("location").unwrap().to_owned();
            admin.delete(&path, &json!({})).await.expect(204);
            this_machine += 1;
        } else {
            assert_eq!(response.expect(422).problem(), "validation_failed", "{url}");
            refused += 1;
        }
    }
    assert!(
        refused >= 60,
        "{refused} refused, {this_machine} of this machine"
    );
}

/// The URL of an endpoint is changed behind the API, as a name changes its address: the address is checked at each attempt.
#[tokio::test]
async fn an_address_is_checked_at_each_attempt() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let key = json!({"id": {"S": endpoint}});
    let values = json!({":url": {"S": "https://no-such-host.example.org/"}});
    app.update_item("WebhookEndpoints", &key, "SET #url = :url", &values)
        .await;
    let id = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &id, 0).await;
    eventually(async || !delivery(&admin, &endpoint, &id).await["attempts"][0].is_null()).await;
    let shown = delivery(&admin, &endpoint, &id).await;
    // Without a name server, the search for one takes all the time.
    let failure = shown["attempts"][0]["failure"].as_str();
    assert!(
        matches!(failure, Some("unknown_host" | "timeout")),
        "{shown}"
    );
    assert_eq!(shown["attempts"][0]["status"], json!(null));
    assert!(receiver.received().is_empty());
}
