//! The line of each invocation.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{PASSWORD, TestApp, eventually, lines::lines_of};

/// 0.15 dollars for a million lines, at 0.50 dollars for a GB.
const ORDINARY_BYTES: usize = 300;

#[tokio::test]
async fn an_ordinary_line_has_at_most_300_bytes() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let mut lengths = Vec::new();
    for _ in 0..10 {
        let response = ada.get("/users/me").await.expect(200);
        app.line_of(&response).await;
        let id = response.header("x-request-id").unwrap().to_owned();
        let log = app.log();
        let line = log.lines().find(|line| line.contains(&id)).unwrap();
        let (_, line) = line.split_once(" | ").unwrap();
        lengths.push((line.len(), line.to_owned()));
    }
    // The first is a cold start, and a busy machine has a longer number of milliseconds.
    let (shortest, line) = lengths.into_iter().min().unwrap();
    assert!(shortest <= ORDINARY_BYTES, "{shortest} bytes: {line}");
}

#[tokio::test]
async fn a_line_names_request_route_user_calls_and_capacity() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    ada.get("/users/me").await.expect(200);
    let response = ada.get("/users/me").await.expect(200);
    let mut line = app.line_of(&response).await;
    assert!(line["Latency"].take().is_u64());
    assert!(line["_aws"].take().is_object());
    let expected = json!({
        "id": response.header("x-request-id"),
        "route": "GET /users/me",
        "user": ada.id,
        "calls": 1,
        "ReadUnits": 1,
        "Latency": null,
        "_aws": null,
    });
    assert_eq!(line, expected);

    let refused = app.get("/users/me").await.expect(401);
    let line = app.line_of(&refused).await;
    assert_eq!(line["status"], 401);
    assert_eq!([&line["user"], &line["calls"]], [&Value::Null; 2]);
}

/// An upload grant stands for its user, as an access token does.
#[tokio::test]
async fn the_user_of_an_upload_grant_is_in_the_line() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let granted = ada.post("/s3/grants", &json!({})).await.expect(201).json();
    let endpoint = granted["companionEndpoint"].as_str().unwrap();
    let base = endpoint.strip_prefix(app.endpoint("api")).unwrap();
    let response = app.get(&format!("{base}/params?filename=a.txt")).await;
    let line = app.line_of(&response.expect(200)).await;
    assert_eq!(line["route"], "GET /s3/g/{grant}/params");
    assert_eq!(line["user"], ada.id);
}

/// Metrics come from the lines, so the level of other lines must not remove them.
#[tokio::test]
async fn a_line_is_written_at_every_log_level() {
    let app = TestApp::start_with(&["LogLevel=error"]);
    let response = app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    app.line_of(&response).await;
}

#[tokio::test]
async fn events_have_a_line_each() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    crate::uploads::store_file(&ada, "a.txt", b"ada").await;
    app.mail_to("ada@example.com", "Confirm").await;
    let kinds = ["Object Created", "aws:dynamodb"];
    eventually(async || {
        let found: BTreeSet<_> = lines_of(&app.log())
            .into_iter()
            .filter_map(|line| line["event"].as_str().map(str::to_owned))
            .collect();
        kinds.iter().all(|kind| found.contains(*kind))
    })
    .await;
}

/// Only the first request of an instance is a cold start.
#[tokio::test]
async fn a_cold_start_is_counted_once() {
    let app = TestApp::start();
    let [first, second] = [
        app.get("/.well-known/jwks.json").await.expect(200),
        app.get("/.well-known/jwks.json").await.expect(200),
    ];
    assert_eq!(app.line_of(&first).await["ColdStarts"], 1);
    assert_eq!(app.line_of(&second).await["ColdStarts"], Value::Null);
}
