use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Response, TestApp, within_a_minute};

#[tokio::test]
async fn sign_ups_of_an_address_are_limited_and_sign_ins_are_counted_for_themselves() {
    let app = TestApp::start_with(&["RequestsPerAddress=3"]);
    let answers = within_a_minute(async |address| {
        let mut answers = Vec::new();
        for i in 0..5 {
            let email = format!("{}-{i}@example.com", address.octets()[3]);
            let body = json!({"email": email, "password": PASSWORD, "name": "Ada"});
            // A known key is no way past the count either.
            let request = app.request_from(address, Method::POST, "/signup");
            let request = request.header("idempotency-key", format!("{email} {}", i / 2));
            answers.push(Response::to(request.json(&body)).await);
        }
        let body = json!({"email": "unknown@example.com", "password": PASSWORD});
        let sign_in = app
            .request_from(address, Method::POST, "/signin")
            .json(&body);
        answers.push(Response::to(sign_in).await);
        answers
    })
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [201, 201, 201, 429, 429, 401]);
    for (answer, policy) in answers
        .iter()
        .zip(["signup"; 5].into_iter().chain(["signin"]))
    {
        let expected = format!("\"{policy}\";q=3;w=60");
        assert_eq!(answer.header("ratelimit-policy"), Some(expected.as_str()));
    }
    assert_eq!(answers[3].problem(), "rate_limited");
}
