//! Requests to every operation of the API, with canaries in the paths, queries, headers and bodies.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{Canaries, JUNK_TOKEN};
use crate::support::{
    Response, TestApp,
    routes::{Operation, operations},
};

/// Sends every operation requests with canaries, with valid and with invalid credentials.
pub async fn request_every_operation(app: &TestApp, canaries: &mut Canaries) {
    let user = app.new_user("canary-user@example.com").await;
    canaries.add_tokens(&user);
    let grant = user.post("/s3/grants", &json!({})).await.expect(201);
    let endpoint = grant.json()["companionEndpoint"].clone();
    let (_, grant) = endpoint.as_str().unwrap().rsplit_once('/').unwrap();
    canaries.add(grant);
    for operation in operations() {
        for (token, grant) in [(user.token.as_str(), grant), (JUNK_TOKEN, "canary-grant")] {
            let request = request_with_canaries(app, &operation, grant).bearer_auth(token);
            let response = Response::to(request).await;
            // `POST /password/forgot` returns 501 when the system sends no mail.
            assert!(
                response.status < 502 && response.status != 500,
                "{operation}: {response:?}"
            );
        }
    }
}

fn request_with_canaries(app: &TestApp, operation: &Operation, grant: &str) -> RequestBuilder {
    let path = operation.path_with(|_, name| match name {
        "grant" => grant.to_owned(),
        _ => "canary-in-a-path".to_owned(),
    });
    let query: Vec<_> = operation
        .query()
        .into_iter()
        .map(|(name, _)| format!("{name}=canary-in-a-query"))
        .collect();
    let request = app
        .request(
            operation.method.clone(),
            &format!("{path}?{}", query.join("&")),
        )
        .header("idempotency-key", "canary-in-a-header")
        .header("if-match", "\"canary-in-a-header\"")
        .header("cookie", "session=canary-in-a-header");
    match operation.examples().first() {
        Some(example) => request.json(&with_canaries(example)),
        None => request,
    }
}

/// Replaces each string in a body with a canary.
fn with_canaries(body: &Value) -> Value {
    match body {
        Value::String(_) => json!("canary-in-a-body"),
        Value::Array(items) => items.iter().map(with_canaries).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, value)| (name.clone(), with_canaries(value)))
                .collect()
        }
        other => other.clone(),
    }
}
