//! Attacks with the credentials of a compromised function.
//!
//! template.yaml grants actions to functions, and docs/PERMISSIONS.md lists them. These tests assert limits that no grant may
//! exceed.

mod accounts;
mod objects;
mod parameters;
mod tables;

use serde_json::{Value, json};

use crate::support::TestApp;

/// Returns the logical ids of the functions, without the suffix `Function`.
fn functions() -> Vec<&'static str> {
    let template = include_str!("../../template.yaml").lines();
    let names = template.filter_map(|line| line.strip_prefix("  ")?.strip_suffix("Function:"));
    let names: Vec<_> = names
        .filter(|name| name.starts_with(char::is_alphabetic))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    names
}

#[tokio::test]
async fn the_engines_refuse_unknown_access_keys() {
    let app = TestApp::start_unrecorded(&[]);
    let body = json!({"TableName": "cloakroom-dev-UsersTable", "Key": {"id": {"S": "x"}}});
    let target = "DynamoDB_20120810.GetItem";
    for key in [
        "",
        "LOCAL",
        "Local",
        "LOCALSIGNUPFUNCTION2",
        "AKIAIOSFODNN7EXAMPLE",
    ] {
        let response = app.call_engine("dynamodb", key, target, &body).await;
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(response.status, 400, "{key}: {text}");
        let expected = if key.is_empty() {
            "MissingAuthenticationToken"
        } else {
            "UnrecognizedClient"
        };
        assert!(text.contains(expected), "{key}: {text}");
    }
}

/// Returns the access key id of a function, or of the `operator`.
fn key_of(principal: &str) -> String {
    match principal {
        "operator" => "local".to_owned(),
        function => format!("LOCAL{}FUNCTION", function.to_uppercase()),
    }
}

/// Sends a request as a function or as the `operator`. Returns `None` if it is denied; panics at any other error.
async fn call(
    app: &TestApp,
    engine: &str,
    principal: &str,
    target: &str,
    body: &Value,
) -> Option<String> {
    let response = app
        .call_engine(engine, &key_of(principal), target, body)
        .await;
    let text = String::from_utf8(response.body).unwrap();
    match response.status {
        200 => Some(text),
        400 if text.contains("AccessDeniedException") => None,
        status => panic!("{principal}: {target} {body}: {status} {text}"),
    }
}

/// Tells whether `DynamoDB` allows a request of a function or of the `operator`.
async fn is_allowed(app: &TestApp, principal: &str, operation: &str, body: &Value) -> bool {
    let target = format!("DynamoDB_20120810.{operation}");
    call(app, "dynamodb", principal, &target, body)
        .await
        .is_some()
}

/// Returns the deployed name of a table.
fn table(name: &str) -> String {
    format!("cloakroom-dev-{name}Table")
}
