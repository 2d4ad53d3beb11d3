use std::fs;

use serde_json::{Value, json};

use super::Report;
use crate::support::TestApp;

/// A URL at which there is no server.
const UNUSED_URL: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn an_api_that_is_down_is_a_problem() {
    let app = TestApp::start();
    let path = app.data_dir().join("endpoints.json");
    let mut endpoints: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    endpoints["api"] = json!(UNUSED_URL);
    fs::write(&path, endpoints.to_string()).unwrap();
    Report::of(&app, &[]).expect_problem("API", "cannot be reached", "cargo run");
}

#[tokio::test]
async fn an_issuer_without_a_discovery_document_is_a_problem() {
    let app = TestApp::start_with(&[&format!("Issuer={UNUSED_URL}")]);
    let report = Report::of(&app, &[]);
    report.expect_problem("API issuer", UNUSED_URL, "parameter Issuer");
}
