//! Web pages of other origins in `cloakroom dev`: which of them may call the API and S3.

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

use crate::{
    support::{Response, TestApp},
    uploads::{create_upload, presigned},
};

const ADDED: &str = "https://app.example.com";
const FOREIGN: &str = "http://evil.example";
/// Pages that other programs on this machine serve.
const LOOPBACK: [&str; 4] = [
    "http://localhost:5173",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
    "https://localhost:8443",
];
/// Origins that look like those of this machine.
const SIMILAR: [&str; 3] = [
    "http://localhost.evil.example",
    "http://app.localhost:5173",
    "null",
];

fn with_preflight(request: RequestBuilder, origin: &str, method: &str) -> RequestBuilder {
    request
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "content-type")
}

fn allowed(headers: &HeaderMap) -> Option<&str> {
    let origin = headers.get("access-control-allow-origin")?;
    Some(origin.to_str().unwrap())
}

/// Sends a preflight and a request from `origin` to the API.
async fn check_api(app: &TestApp, origin: &str, expected: Option<&str>) {
    let preflight = with_preflight(app.request(Method::OPTIONS, "/signin"), origin, "POST");
    let response = Response::to(preflight).await.expect(204);
    assert_eq!(allowed(&response.headers), expected, "preflight: {origin}");
    let request = app.request(Method::GET, "/users/me");
    let response = Response::to(request.header("origin", origin)).await;
    assert_eq!(response.status, 401);
    assert_eq!(allowed(&response.headers), expected, "{origin}");
}

/// Sends the preflight of an upload and the upload from `origin` to S3.
async fn check_s3(created: &Value, origin: &str, expected: Option<&str>) {
    let url = created["transfer"]["url"].as_str().unwrap();
    let preflight = reqwest::Client::new().request(Method::OPTIONS, url);
    let response = Response::to(with_preflight(preflight, origin, "PUT")).await;
    let status = if expected.is_some() { 200 } else { 403 };
    assert_eq!(response.status, status, "preflight: {origin}");
    assert_eq!(allowed(&response.headers), expected, "preflight: {origin}");
    let put = presigned(&created["transfer"], Method::PUT).body("hello");
    let response = Response::to(put.header("origin", origin)).await;
    // S3 does not refuse a request for its origin; the browser hides the response.
    assert_eq!(response.status, 200, "{origin}");
    assert_eq!(allowed(&response.headers), expected, "{origin}");
}

/// Checks all origins: the system's own and the added one are allowed, those of this machine if `is_open`.
async fn check_all(app: &TestApp, is_open: bool) {
    let ada = app.new_user("ada@example.com").await;
    let own = app.endpoint("api");
    let localhost = own.replace("127.0.0.1", "localhost");
    let allowed = [ADDED, own, &localhost].map(|origin| (origin, true));
    let loopback = LOOPBACK.map(|origin| (origin, is_open));
    let others = [FOREIGN].into_iter().chain(SIMILAR);
    let others = others.map(|origin| (origin, false));
    for (origin, is_allowed) in allowed.into_iter().chain(loopback).chain(others) {
        let expected = is_allowed.then_some(origin);
        check_api(app, origin, expected).await;
        // One upload each: a presigned PUT succeeds once.
        check_s3(&create_upload(&ada, "a.txt", 5).await, origin, expected).await;
    }
}

#[tokio::test]
async fn an_added_origin_and_the_pages_of_this_machine_may_call_the_api_and_s3() {
    let app = TestApp::start_with(&[&format!("AllowedOrigins={ADDED}")]);
    check_all(&app, true).await;
}

#[tokio::test]
async fn with_strict_origins_only_an_added_origin_and_the_system_itself_may() {
    let app = TestApp::start_strict(&[&format!("AllowedOrigins={ADDED}")]);
    check_all(&app, false).await;
}

#[tokio::test]
async fn a_refused_origin_is_logged_once_with_the_flag_to_use() {
    let app = TestApp::start_with(&[&format!("AllowedOrigins={ADDED}")]);
    let ada = app.new_user("ada@example.com").await;
    let created = create_upload(&ada, "a.txt", 5).await;
    for _ in 0..2 {
        check_api(&app, FOREIGN, None).await;
    }
    check_api(&app, "http://localhost:5173", Some("http://localhost:5173")).await;
    check_s3(&created, "http://other.example", None).await;
    let line = |service: &str, origin: &str| {
        format!(
            "{service} refused the web page of {origin} (CORS); to allow it, restart with --parameter \
             AllowedOrigins={ADDED},{origin}\n"
        )
    };
    let s3 = line("S3", "http://other.example");
    app.log_with(&[&s3]).await;
    let log = app.complete_log().await;
    assert_eq!(log.matches(&line("the API", FOREIGN)).count(), 1, "{log}");
    assert_eq!(log.matches(" refused the web page of ").count(), 2, "{log}");
}

#[tokio::test]
async fn with_strict_origins_the_log_names_the_option() {
    let app = TestApp::start_strict(&[]);
    check_api(&app, LOOPBACK[0], None).await;
    let expected = format!(
        "the API refused the web page of {} (CORS); to allow it, restart without --strict-origins\n",
        LOOPBACK[0]
    );
    app.log_with(&[&expected]).await;
}

/// What the API and S3 do not serve has no CORS headers for pages of this machine either.
#[tokio::test]
async fn pages_of_this_machine_cannot_read_the_outbox_the_metrics_or_an_engine() {
    let app = TestApp::start();
    let api = app.endpoint("api");
    for url in [
        format!("{api}/outbox"),
        format!("{api}/outbox.json"),
        format!("{api}/metrics"),
        format!("{api}/settled"),
        app.endpoint("dynamodb").to_owned(),
        app.endpoint("ssm").to_owned(),
        app.endpoint("lambda").to_owned(),
        app.endpoint("ses").to_owned(),
        app.endpoint("sqs").to_owned(),
        app.endpoint("eventbridge").to_owned(),
    ] {
        let request = reqwest::Client::new().get(&url);
        let response = Response::to(request.header("origin", LOOPBACK[0])).await;
        assert_eq!(allowed(&response.headers), None, "{url}");
    }
}
