//! A request to every route, for things that exist. What is deleted is deleted last.

use clock::Clock;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::world::World;
use crate::support::{
    PASSWORD, Response, SignedIn, TestApp,
    routes::{Operation, operations},
};

/// What a route answers: the status, and the code of a problem.
pub type Answer = (u16, String);

/// Sends a request to every route. Returns `METHOD /path` and the answers.
pub async fn request_all(app: &TestApp, world: &World<'_>, round: &str) -> Vec<(String, Answer)> {
    let mut all = operations();
    // A sort that keeps the order of the document among equals.
    all.sort_by_key(rank);
    let mut answers = Vec::new();
    for operation in all {
        let response = Response::to(request(app, world, &operation, round)).await;
        let problem = serde_json::from_slice::<Value>(&response.body).unwrap_or_default();
        let code = problem["code"].as_str().filter(|_| response.status >= 400);
        let answer = (response.status, code.unwrap_or_default().to_owned());
        answers.push((operation.to_string(), answer));
    }
    answers
}

/// Reads come first, then changes, then what ends something.
fn rank(operation: &Operation) -> u8 {
    let path = operation.path.as_str();
    let ends = ["/archive", "/disable", "/signout", "/password", "/cancel"];
    match operation.method {
        Method::GET => 0,
        Method::DELETE if path == "/users/me" => 5,
        Method::DELETE => 4,
        _ if path.ends_with("/enable") => 3,
        _ if ends.iter().any(|end| path.ends_with(end)) => 2,
        _ => 1,
    }
}

fn request(app: &TestApp, world: &World<'_>, operation: &Operation, round: &str) -> RequestBuilder {
    let path = operation.path_with(|before, name| parameter(world, operation, before, name));
    let query = operation
        .parameters("query")
        .into_iter()
        .map(|name| format!("{name}=x"));
    // An invalid page of an export asks no service.
    let asks_services = operation.path == "/users/me/export";
    let query: Vec<_> = query.filter(|_| !asks_services).collect();
    let url = format!("{path}?{}", query.join("&"));
    let request = app.request(operation.method.clone(), &url);
    let request = request.bearer_auth(&caller(world, operation).token);
    if operation.path == "/payments/stripe" {
        return signed(app, request);
    }
    match operation.examples().first() {
        Some(example) => {
            let mut body = (*example).clone();
            fill(&mut body, world, operation, round);
            request.json(&body)
        }
        None => request,
    }
}

/// An event of the provider that changes nothing.
fn signed(app: &TestApp, request: RequestBuilder) -> RequestBuilder {
    let body = json!({
        "id": "evt_1", "object": "event", "type": "customer.created", "livemode": false,
        "data": {"object": {"id": "cus_1"}},
    });
    let body = body.to_string();
    let secret = app.webhook_secret().into();
    let signature = payments::sign(&secret, body.as_bytes(), Clock::system().now());
    request.header("stripe-signature", signature).body(body)
}

fn caller<'w, 'a>(world: &'w World<'a>, operation: &Operation) -> &'w SignedIn<'a> {
    match operation.path.split('/').nth(1).unwrap() {
        "admin" | "webhooks" => &world.admin,
        "products" | "uploads" | "s3" => &world.seller,
        "orders" | "library" => &world.buyer,
        _ => &world.person,
    }
}

fn parameter(world: &World<'_>, operation: &Operation, before: &str, name: &str) -> String {
    let is_cancel = operation.path.ends_with("/cancel");
    match (before, name) {
        ("orders", _) if is_cancel => world.cancelled_order.clone(),
        ("orders", _) => world.paid_order.clone(),
        ("library" | "entitlements", _) => world.owned.clone(),
        ("products", _) if operation.method == Method::GET => world.owned.clone(),
        ("products", _) => world.draft.clone(),
        ("users", _) => world.managed.id.clone(),
        ("sessions", _) => world.person.session_id(),
        ("webhooks", _) => world.endpoint.clone(),
        ("uploads", _) => world.upload.clone(),
        ("grants", _) => world.buyer.id.clone(),
        (_, "grant") => world.grant.clone(),
        (_, "part") => "1".to_owned(),
        _ => "x".to_owned(),
    }
}

/// Replaces what an example names by what exists.
fn fill(body: &mut Value, world: &World<'_>, operation: &Operation, round: &str) {
    let Value::Object(members) = body else {
        return;
    };
    for (name, value) in members {
        let is_new = operation.path == "/signup";
        *value = match name.as_str() {
            "productId" => json!(world.for_sale),
            "files" => json!([world.upload]),
            "email" if is_new => json!(format!("new-{round}@example.com")),
            "email" if operation.path == "/signin" => json!(format!("buyer-{round}@example.com")),
            "password" | "currentPassword" | "newPassword" => json!(PASSWORD),
            "refreshToken" => json!(world.person.refresh_token),
            "url" => json!(world.other_receiver.url),
            "roles" => json!(["seller"]),
            _ => continue,
        };
    }
}
