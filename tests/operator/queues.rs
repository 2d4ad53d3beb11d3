//! `cloakroom queues list|show|redrive`.

use serde_json::{Value, json};

use super::assert_exit;
use crate::support::TestApp;

/// An event that the consumers of products cannot read.
async fn put_unreadable(app: &TestApp) {
    let detail = json!({"id": "evt_1", "type": "product.published", "password": "hunter2"});
    let entry = json!({
        "EventBusName": "cloakroom-dev", "Source": "cloakroom", "DetailType": "product.published", "Detail": detail.to_string(),
    });
    let entries = json!({ "Entries": [entry] });
    let put = app.call_engine("events", "local", "AWSEvents.PutEvents", &entries);
    put.await.expect(200);
    app.settled().await;
}

fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns the number of waiting messages of a queue.
fn waiting(app: &TestApp, queue: &str) -> u64 {
    let (out, _) = assert_exit(&app.run_queues(&["list", "--json"]), 0);
    let name = format!("cloakroom-dev-{queue}");
    let queues = objects(&out);
    let queue = queues.iter().find(|queue| queue["name"] == *name).unwrap();
    queue["waiting"].as_u64().unwrap()
}

#[tokio::test]
async fn dead_letters_are_shown_and_stay() {
    let app = TestApp::start();
    put_unreadable(&app).await;
    for _ in 0..2 {
        let (out, _) = assert_exit(&app.run_queues(&["show", "LibraryQueue", "--json"]), 0);
        let letters = objects(&out);
        let [letter] = letters.as_slice() else {
            panic!("{out}")
        };
        assert_eq!(letter["type"], "product.published");
        assert_eq!(letter["event"], "evt_1");
        assert_eq!(letter["body"]["password"], "[redacted]");
        let source = letter["source"].as_str().unwrap();
        assert!(source.ends_with(":cloakroom-dev-LibraryQueue"), "{source}");
    }
    let (out, _) = assert_exit(&app.run_queues(&["show", "LibraryDeadLetters"]), 0);
    assert!(out.contains("product.published  evt_1  sent "), "{out}");
    assert!(!out.contains("hunter2"), "{out}");
    let (out, _) = assert_exit(&app.run_queues(&["list"]), 0);
    let line = "cloakroom-dev-LibraryDeadLetters  1 waiting, 0 in flight, 0 delayed  dead letters, oldest of ";
    assert!(out.contains(line), "{out}");
    let (out, _) = assert_exit(&app.run_queues(&["show", "EventRelayDeadLetters"]), 0);
    assert_eq!(out, "cloakroom-dev-EventRelayDeadLetters is empty\n");
}

#[tokio::test]
async fn dead_letters_are_moved_back() {
    let app = TestApp::start();
    put_unreadable(&app).await;
    put_unreadable(&app).await;
    assert_eq!(waiting(&app, "LibraryDeadLetters"), 2);
    let (out, _) = assert_exit(&app.run_queues(&["redrive", "LibraryQueue", "--all"]), 0);
    assert!(
        out.ends_with("moved 2 messages out of cloakroom-dev-LibraryDeadLetters\n"),
        "{out}"
    );
    // They fail again.
    app.settled().await;
    assert_eq!(waiting(&app, "LibraryDeadLetters"), 2);
    let (out, _) = assert_exit(
        &app.run_queues(&["redrive", "LibraryQueue", "--max", "1"]),
        0,
    );
    assert!(out.contains("moved 1 messages"), "{out}");
    app.settled().await;
    let (out, _) = assert_exit(&app.run_queues(&["show", "LibraryQueue", "--json"]), 0);
    let id = objects(&out)[0]["messageId"].as_str().unwrap().to_owned();
    assert_exit(
        &app.run_queues(&["redrive", "LibraryQueue", "--id", &id]),
        0,
    );
    app.settled().await;
    // A moved message is a new one.
    let again = app.run_queues(&["redrive", "LibraryQueue", "--id", &id]);
    let (_, err) = assert_exit(&again, 1);
    assert!(err.contains(&format!("are not in cloakroom-dev-LibraryDeadLetters, or another command has just received them: {id}")), "{err}");
    assert_eq!(waiting(&app, "LibraryDeadLetters"), 2);
}

#[tokio::test]
async fn a_wrong_name_is_an_error_with_the_right_ones() {
    let app = TestApp::start();
    let (_, err) = assert_exit(&app.run_queues(&["show", "Library"]), 1);
    assert!(
        err.contains("has no queue Library. Its queues are: "),
        "{err}"
    );
    assert!(err.contains("cloakroom-dev-LibraryQueue"), "{err}");
    let (_, err) = assert_exit(
        &app.run_queues(&["redrive", "EventRelayDeadLetters", "--all"]),
        1,
    );
    assert!(err.contains("records of failed invocations"), "{err}");
    assert_exit(&app.run_queues(&["redrive", "LibraryQueue"]), 2);
}
