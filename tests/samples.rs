//! The sample events in events/: each one, sent to its function in its turn, is answered as it says itself.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use crate::support::{Response, TestApp, UnsignedRequest, WITH_MAIL};

const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");

/// Stands for `UPLOAD_ID` until an upload has been created: the id of no upload.
const UNKNOWN_ID: &str = "0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11";

/// One turn of a sample event.
struct Turn {
    name: String,
    /// Its text, with placeholders.
    event: String,
    function: String,
    expected: Value,
}

/// All turns, in order; those of the same order go by the name of their sample.
fn turns() -> Vec<Turn> {
    let mut found = Vec::new();
    for entry in fs::read_dir(EVENTS).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "env" {
            continue;
        }
        let event = fs::read_to_string(&path).unwrap();
        let expected = serde_json::from_str::<Value>(&event).unwrap()["expected"].clone();
        let answers = expected["answers"].as_array();
        for answer in answers.unwrap_or_else(|| panic!("{name} does not say what it expects")) {
            found.push(Turn {
                name: name.clone(),
                event: event.clone(),
                function: expected["function"].as_str().unwrap().to_owned(),
                expected: answer.clone(),
            });
        }
    }
    let order = |turn: &Turn| turn.expected["order"].as_u64().unwrap();
    found.sort_by(|a, b| (order(a), &a.name).cmp(&(order(b), &b.name)));
    found
}

/// Runs a function as `sam local invoke` would: with the whole event, what it expects included.
async fn invoke(app: &TestApp, function: &str, event: &str) -> Value {
    let path = format!("/2015-03-31/functions/{function}/invocations");
    let request = UnsignedRequest {
        service: "lambda",
        url: &format!("{}{path}", app.endpoint("lambda")),
        headers: &[],
        body: event,
    };
    let answer = Response::to(request.sign("local", &app.secret_key("local"))).await;
    let error = answer.header("x-amz-function-error");
    assert_eq!(error, None, "{function}: {answer:?}");
    answer.expect(200).json()
}

/// The JSON in an answer to API Gateway, if there is any.
fn body_of(answer: &Value) -> Value {
    let body = answer["body"].as_str().unwrap_or_default();
    serde_json::from_str(body).unwrap_or_default()
}

#[tokio::test]
async fn every_sample_event_is_answered_as_it_says() {
    let app = TestApp::start_with(&[WITH_MAIL, "MaxLockDays=36525"]);
    let mut words = BTreeMap::from([("UPLOAD_ID", UNKNOWN_ID.to_owned())]);
    for turn in turns() {
        let mut event = turn.event.clone();
        for (word, value) in &words {
            event = event.replace(word, value);
        }
        let answer = invoke(&app, &turn.function, &event).await;
        let what = format!("{} {}: {answer}", turn.name, turn.expected);
        let Some(status) = turn.expected["status"].as_u64() else {
            // Without a caller to answer: nothing, or that no record of a batch has failed.
            let nothing = [json!(null), json!({"batchItemFailures": []})];
            assert!(nothing.contains(&answer), "{what}");
            continue;
        };
        assert_eq!(answer["statusCode"], status, "{what}");
        let body = body_of(&answer);
        assert_eq!(body["code"], turn.expected["code"], "{what}");
        for (word, member) in [
            ("ACCESS_TOKEN", &body["accessToken"]),
            ("REFRESH_TOKEN", &body["refreshToken"]),
            ("UPLOAD_ID", &body["upload"]["id"]),
        ] {
            if let Some(value) = member.as_str() {
                words.insert(word, value.to_owned());
            }
        }
    }
}
