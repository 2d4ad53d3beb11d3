use std::{fs, net::TcpListener};

use serde_json::{Value, json};

use super::Report;
use crate::support::TestApp;

/// Returns a URL at which there is no server.
fn unused_url() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_api_that_is_down_is_a_problem() {
    let app = TestApp::start();
    let path = app.data_dir().join("endpoints.json");
    let mut endpoints: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    endpoints["api"] = json!(unused_url());
    fs::write(&path, endpoints.to_string()).unwrap();
    Report::of(&app, &[]).expect_problem("API", "cannot be reached", "cargo run");
}

#[tokio::test]
async fn an_issuer_without_a_discovery_document_is_a_problem() {
    let issuer = unused_url();
    let app = TestApp::start_with(&[&format!("Issuer={issuer}")]);
    let report = Report::of(&app, &[]);
    report.expect_problem("API issuer", &issuer, "parameter Issuer");
}
