//! What each function's role may do, and that it may do nothing else: asked of the engines with the function's own
//! access key, as somebody would who took the function over.

mod objects;
mod parameters;
mod tables;

use serde_json::{Value, json};

use crate::support::TestApp;

const FUNCTIONS: [&str; 12] = [
    "Signup",
    "Signin",
    "Session",
    "Users",
    "Account",
    "Admin",
    "Recovery",
    "Mailer",
    "Uploads",
    "UploadLocks",
    "UploadEvents",
    "Keys",
];

#[tokio::test]
async fn the_engines_serve_nobody_whose_key_they_do_not_know() {
    let app = TestApp::start_unrecorded(&[]);
    let body = json!({"TableName": "cloakroom-dev-UsersTable", "Key": {"id": {"S": "nobody"}}});
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

/// The access key of a function, or of the operator.
fn key_of(who: &str) -> String {
    match who {
        "operator" => "local".to_owned(),
        function => format!("LOCAL{}FUNCTION", function.to_uppercase()),
    }
}

/// `None` for a denial; any other error is a mistake of the test.
async fn ask(app: &TestApp, engine: &str, who: &str, target: &str, body: &Value) -> Option<String> {
    let answer = app.call_engine(engine, &key_of(who), target, body).await;
    let text = String::from_utf8(answer.body).unwrap();
    match answer.status {
        200 => Some(text),
        400 if text.contains("AccessDeniedException") => None,
        status => panic!("{who}: {target} {body}: {status} {text}"),
    }
}
