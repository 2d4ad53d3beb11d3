use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Response, TestApp, within_a_minute};

#[tokio::test]
async fn sign_ups_and_sign_ins_have_separate_rate_limits_per_address() {
    let app = TestApp::start_with(&["RequestsPerAddress=3"]);
    let responses = within_a_minute(async |address| {
        let mut responses = Vec::new();
        for i in 0..5 {
            let email = format!("{}-{i}@example.com", address.octets()[3]);
            let body = json!({"email": email, "password": PASSWORD, "name": "Ada"});
            // A replayed idempotency key counts too.
            let request = app.request_from(address, Method::POST, "/signup");
            let request = request.header("idempotency-key", format!("{email} {}", i / 2));
            responses.push(Response::to(request.json(&body)).await);
        }
        let body = json!({"email": "unknown@example.com", "password": PASSWORD});
        let sign_in = app
            .request_from(address, Method::POST, "/signin")
            .json(&body);
        responses.push(Response::to(sign_in).await);
        responses
    })
    .await;
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [201, 201, 201, 429, 429, 401]);
    for (response, policy) in responses
        .iter()
        .zip(["signup"; 5].into_iter().chain(["signin"]))
    {
        let expected = format!("\"{policy}\";q=3;w=60");
        assert_eq!(response.header("ratelimit-policy"), Some(expected.as_str()));
    }
    assert_eq!(responses[3].problem(), "rate_limited");
}
