//! The sample events in events/: each one, sent to its function in its order, gets the response that it expects.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use crate::support::{Response, TestApp, UnsignedRequest, WITH_MAIL};

const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");

/// Replaces `UPLOAD_ID` until an upload is created: an id without an upload.
const UNKNOWN_ID: &str = "0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11";

/// One invocation with a sample event.
struct Step {
    name: String,
    /// The JSON of the event, with placeholders.
    event: String,
    function: String,
    expected: Value,
}

/// Returns all steps in order; steps of the same order are sorted by the name of their sample.
fn steps() -> Vec<Step> {
    let mut found = Vec::new();
    for entry in fs::read_dir(EVENTS).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "env" {
            continue;
        }
        let event = fs::read_to_string(&path).unwrap();
        let expected = serde_json::from_str::<Value>(&event).unwrap()["expected"].clone();
        let responses = expected["answers"].as_array();
        for response in
            responses.unwrap_or_else(|| panic!("events/{name}.json has no `expected.answers`"))
        {
            found.push(Step {
                name: name.clone(),
                event: event.clone(),
                function: expected["function"].as_str().unwrap().to_owned(),
                expected: response.clone(),
            });
        }
    }
    let order = |step: &Step| step.expected["order"].as_u64().unwrap();
    found.sort_by(|a, b| (order(a), &a.name).cmp(&(order(b), &b.name)));
    found
}

/// Invokes a function as `sam local invoke` does: with the whole file, including `expected`.
async fn invoke(app: &TestApp, function: &str, event: &str) -> Value {
    let path = format!("/2015-03-31/functions/{function}/invocations");
    let request = UnsignedRequest {
        service: "lambda",
        url: &format!("{}{path}", app.endpoint("lambda")),
        headers: &[],
        body: event,
    };
    let response = Response::to(request.sign("local", &app.secret_key("local"))).await;
    let error = response.header("x-amz-function-error");
    assert_eq!(error, None, "{function}: {response:?}");
    response.expect(200).json()
}

/// Parses the body of a response to API Gateway; `null` if it has none.
fn body_of(response: &Value) -> Value {
    let body = response["body"].as_str().unwrap_or_default();
    serde_json::from_str(body).unwrap_or_default()
}

#[tokio::test]
async fn every_sample_event_gets_its_expected_response() {
    let app = TestApp::start_with(&[WITH_MAIL, "MaxLockDays=36525"]);
    let mut placeholders = BTreeMap::from([("UPLOAD_ID", UNKNOWN_ID.to_owned())]);
    for step in steps() {
        let mut event = step.event.clone();
        for (placeholder, value) in &placeholders {
            event = event.replace(placeholder, value);
        }
        let response = invoke(&app, &step.function, &event).await;
        let what = format!("{} {}: {response}", step.name, step.expected);
        let Some(status) = step.expected["status"].as_u64() else {
            // A trigger gets no response, or the list of failed records of a batch, which is empty.
            let successes = [json!(null), json!({"batchItemFailures": []})];
            assert!(successes.contains(&response), "{what}");
            continue;
        };
        assert_eq!(response["statusCode"], status, "{what}");
        let body = body_of(&response);
        assert_eq!(body["code"], step.expected["code"], "{what}");
        for (placeholder, member) in [
            ("ACCESS_TOKEN", &body["accessToken"]),
            ("REFRESH_TOKEN", &body["refreshToken"]),
            ("UPLOAD_ID", &body["upload"]["id"]),
        ] {
            if let Some(value) = member.as_str() {
                placeholders.insert(placeholder, value.to_owned());
            }
        }
    }
}
