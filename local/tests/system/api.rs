use serde_json::{Value, json};

use crate::support::TestSystem;

#[tokio::test]
async fn a_request_invokes_its_function_with_an_event() {
    let system = TestSystem::start().await;
    let response = system
        .post("/items/a%20b?x=1")
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("apigw-requestid"));
    let event: Value = response.json().await.unwrap();
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "POST /items/{id}");
    assert_eq!(event["pathParameters"], json!({"id": "a b"}));
    assert_eq!(event["queryStringParameters"], json!({"x": "1"}));
    assert_eq!(event["body"], "{}");
}

#[tokio::test]
async fn a_route_that_is_not_in_the_template_is_404() {
    let system = TestSystem::start().await;
    let response = system.get("/items/1").send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert!(response.headers().contains_key("apigw-requestid"));
    let body: Value = response.json().await.unwrap();
    assert_eq!(body, json!({"message": "Not Found"}));
}

#[tokio::test]
async fn a_body_over_the_gateways_limit_is_refused() {
    let system = TestSystem::start().await;
    let body = vec![b'x'; 10 * 1024 * 1024 + 1];
    let response = system.post("/items/1").body(body).send().await.unwrap();
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn the_gateway_sets_cors_headers() {
    let system = TestSystem::start().await;
    for (origin, expected) in [
        ("http://page.example", Some("http://page.example")),
        ("http://other.example", None),
    ] {
        let response = system
            .get("/do/cors")
            .header("origin", origin)
            .send()
            .await
            .unwrap();
        let allowed = response.headers().get("access-control-allow-origin");
        assert_eq!(allowed.map(|value| value.to_str().unwrap()), expected);
    }
}

#[tokio::test]
async fn a_request_with_an_invalid_host_does_not_reach_a_function() {
    let system = TestSystem::start().await;
    for host in [
        "a b",
        "a:b",
        "a:99999",
        "a@b",
        "a/b",
        "999.1.1.1",
        "[::1",
        "xn--a",
    ] {
        let request = system.get("/do/pid").header("host", host);
        assert_eq!(request.send().await.unwrap().status(), 421, "{host}");
    }
}
