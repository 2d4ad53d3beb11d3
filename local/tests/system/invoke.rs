use local::{OPERATOR_KEY, function_key};
use reqwest::{Client, RequestBuilder, header::AUTHORIZATION};
use serde_json::{Value, json};

use crate::support::TestSystem;

fn invoke(system: &TestSystem, key: &str, name: &str) -> RequestBuilder {
    let url = &system.system().endpoints().lambda;
    let url = format!("{url}/2015-03-31/functions/{name}/invocations");
    let credential =
        format!("AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/lambda/aws4_request");
    Client::new().post(url).header(AUTHORIZATION, credential)
}

#[tokio::test]
async fn a_function_can_be_invoked_by_any_of_its_names() {
    let system = TestSystem::start().await;
    for name in ["EchoFunction", "cloakroom-dev-EchoFunction"] {
        let invoke = invoke(&system, OPERATOR_KEY, name).json(&json!({"a": 1}));
        let response = invoke.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-amz-executed-version"], "$LATEST");
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"a": 1}));
    }
    let missing = invoke(&system, OPERATOR_KEY, "Nobody")
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), 404);
    assert_eq!(
        missing.headers()["x-amzn-errortype"],
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn an_error_of_the_function_is_told_in_a_header() {
    let system = TestSystem::start().await;
    let fail = json!({"pathParameters": {"action": "fail"}});
    let response = invoke(&system, OPERATOR_KEY, "EchoFunction").json(&fail);
    let response = response.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-amz-function-error"], "Unhandled");
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["errorMessage"], "it failed");
}

#[tokio::test]
async fn an_event_is_taken_and_not_waited_for() {
    let system = TestSystem::start().await;
    let hang = json!({"pathParameters": {"action": "hang"}});
    let response = invoke(&system, OPERATOR_KEY, "EchoFunction")
        .header("x-amz-invocation-type", "Event")
        .json(&hang);
    let response = response.send().await.unwrap();
    assert_eq!(response.status(), 202);
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test]
async fn only_who_may_invokes() {
    let system = TestSystem::start().await;
    for key in [&function_key("EchoFunction"), "AKIAIOSFODNN7EXAMPLE"] {
        let denied = invoke(&system, key, "EchoFunction").send().await.unwrap();
        assert_eq!(denied.status(), 403, "{key}");
    }
    let broken = invoke(&system, OPERATOR_KEY, "EchoFunction").body("{");
    assert_eq!(broken.send().await.unwrap().status(), 400);
}
