//! Attacks with a function's own credentials: what a function that is taken over cannot do.
//!
//! Which actions each function may call stands in template.yaml, and docs/PERMISSIONS.md lists it. The tests here hold
//! whatever that list says.

mod accounts;
mod objects;
mod parameters;
mod tables;

use serde_json::{Value, json};

use crate::support::TestApp;

/// The names of the functions, as their logical ids begin.
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
        let answer = app.call_engine("dynamodb", key, target, &body).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 400, "{key}: {text}");
        let expected = if key.is_empty() {
            "MissingAuthenticationToken"
        } else {
            "UnrecognizedClient"
        };
        assert!(text.contains(expected), "{key}: {text}");
    }
}

/// The access key id of a function, or of the `operator`.
fn key_of(who: &str) -> String {
    match who {
        "operator" => "local".to_owned(),
        function => format!("LOCAL{}FUNCTION", function.to_uppercase()),
    }
}

/// Sends a request as a function (or the `operator`). `None` is a denial; any other error is a mistake of the test.
async fn ask(app: &TestApp, engine: &str, who: &str, target: &str, body: &Value) -> Option<String> {
    let answer = app.call_engine(engine, &key_of(who), target, body).await;
    let text = String::from_utf8(answer.body).unwrap();
    match answer.status {
        200 => Some(text),
        400 if text.contains("AccessDeniedException") => None,
        status => panic!("{who}: {target} {body}: {status} {text}"),
    }
}

/// Whether the database allows a function (or the `operator`) to do this.
async fn database(app: &TestApp, who: &str, operation: &str, body: &Value) -> bool {
    let target = format!("DynamoDB_20120810.{operation}");
    ask(app, "dynamodb", who, &target, body).await.is_some()
}

/// The name of a table.
fn table(name: &str) -> String {
    format!("cloakroom-dev-{name}Table")
}
