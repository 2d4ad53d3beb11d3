use local::{OPERATOR_KEY, function_key};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{signed::UnsignedRequest, support::TestSystem};

fn invoke(
    system: &TestSystem,
    key: &str,
    name: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> RequestBuilder {
    let url = &system.system().endpoints().lambda;
    let url = format!("{url}/2015-03-31/functions/{name}/invocations");
    let unsigned = UnsignedRequest {
        service: "lambda",
        url: &url,
        headers,
        body,
    };
    unsigned.sign(key, &system.secret_of(key))
}

#[tokio::test]
async fn a_function_can_be_invoked_by_any_of_its_names() {
    let system = TestSystem::start().await;
    for name in ["EchoFunction", "shop-dev-EchoFunction"] {
        let invoke = invoke(&system, OPERATOR_KEY, name, &[], r#"{"a": 1}"#);
        let response = invoke.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-amz-executed-version"], "$LATEST");
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"a": 1}));
    }
    let missing = invoke(&system, OPERATOR_KEY, "UnknownFunction", &[], "")
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
async fn a_function_error_is_reported_in_a_header() {
    let system = TestSystem::start().await;
    let fail = r#"{"pathParameters": {"action": "fail"}}"#;
    let response = invoke(&system, OPERATOR_KEY, "EchoFunction", &[], fail);
    let response = response.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-amz-function-error"], "Unhandled");
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["errorMessage"], "it failed");
}

#[tokio::test]
async fn an_asynchronous_invocation_returns_immediately() {
    let system = TestSystem::start().await;
    let hang = r#"{"pathParameters": {"action": "hang"}}"#;
    let kind = [("x-amz-invocation-type", "Event")];
    let response = invoke(&system, OPERATOR_KEY, "EchoFunction", &kind, hang);
    let response = response.send().await.unwrap();
    assert_eq!(response.status(), 202);
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_caller_without_permission_cannot_invoke() {
    let system = TestSystem::start().await;
    for key in [&function_key("EchoFunction"), "AKIAIOSFODNN7EXAMPLE"] {
        let denied = invoke(&system, key, "EchoFunction", &[], "");
        let denied = denied.send().await.unwrap();
        assert_eq!(denied.status(), 403, "{key}");
    }
    let broken = invoke(&system, OPERATOR_KEY, "EchoFunction", &[], "{");
    assert_eq!(broken.send().await.unwrap().status(), 400);
}

fn concurrency(system: &TestSystem, key: &str, method: &Method, body: &str) -> RequestBuilder {
    let url = &system.system().endpoints().lambda;
    let url = format!("{url}/2017-10-31/functions/EchoFunction/concurrency");
    let unsigned = UnsignedRequest {
        service: "lambda",
        url: &url,
        headers: &[],
        body,
    };
    let now = clock::Clock::system().now();
    unsigned.sign_with(method, now, (key, &system.secret_of(key)))
}

#[tokio::test]
async fn a_function_without_concurrency_is_throttled_until_it_has_some_again() {
    let system = TestSystem::start().await;
    let stop = r#"{"ReservedConcurrentExecutions": 0}"#;
    let own = function_key("EchoFunction");
    for (key, body, status) in [
        (own.as_str(), stop, 403),
        (OPERATOR_KEY, r#"{"ReservedConcurrentExecutions": 1}"#, 400),
        (OPERATOR_KEY, stop, 200),
    ] {
        let put = concurrency(&system, key, &Method::PUT, body);
        assert_eq!(put.send().await.unwrap().status(), status, "{body}");
    }
    let refused = invoke(&system, OPERATOR_KEY, "EchoFunction", &[], "{}");
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(
        refused.headers()["x-amzn-errortype"],
        "TooManyRequestsException"
    );
    assert_eq!(system.act("echo").await.0, 503);
    // An event waits.
    let headers = [("x-amz-invocation-type", "Event")];
    let accepted = invoke(&system, OPERATOR_KEY, "EchoFunction", &headers, "{}");
    assert_eq!(accepted.send().await.unwrap().status(), 202);
    let delete = concurrency(&system, OPERATOR_KEY, &Method::DELETE, "");
    assert_eq!(delete.send().await.unwrap().status(), 204);
    system.settled().await;
    let answer = invoke(&system, OPERATOR_KEY, "EchoFunction", &[], "{}");
    assert_eq!(answer.send().await.unwrap().status(), 200);
}
