//! Responses while a service behind the functions fails: the success, or a 503 with `Retry-After` within the deadline.
//! Never a false conflict, never a partial account.

mod accounts;
mod database;
mod guesses;
mod killed;
mod secrets;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, SignedIn, TestApp};

/// Asserts the 503 `unavailable` response, the same for every outage.
#[track_caller]
fn assert_unavailable(response: &Response, request: &str) {
    let text = String::from_utf8_lossy(&response.body);
    assert_eq!(response.status, 503, "{request}: {text}");
    assert_eq!(response.problem(), "unavailable", "{request}");
    let seconds: u32 = response.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{request}: {seconds}");
}

/// The requests that need the database.
const REQUESTS: [&str; 8] = [
    "sign up",
    "sign in",
    "list",
    "get user",
    "get me",
    "patch",
    "change password",
    "delete",
];

/// Builds the request with a name of [`REQUESTS`], or `refresh`.
fn request(app: &TestApp, ada: &SignedIn<'_>, name: &str) -> RequestBuilder {
    let email = |email: &str| json!({"email": email, "password": PASSWORD});
    let mut new = email("new@example.com");
    new["name"] = json!("New");
    let change = json!({"currentPassword": PASSWORD, "newPassword": PASSWORD});
    match name {
        "sign up" => app.request(Method::POST, "/signup").json(&new),
        "sign in" => app
            .request(Method::POST, "/signin")
            .json(&email("ada@example.com")),
        "refresh" => app
            .request(Method::POST, "/session/refresh")
            .json(&json!({"refreshToken": ada.refresh_token})),
        "list" => ada.request(Method::GET, "/users"),
        "get user" => ada.request(Method::GET, &format!("/users/{}", ada.id)),
        "get me" => ada.request(Method::GET, "/users/me"),
        "patch" => ada
            .request(Method::PATCH, "/users/me")
            .json(&json!({"name": "Countess"})),
        "change password" => ada.request(Method::PUT, "/users/me/password").json(&change),
        "delete" => ada
            .request(Method::DELETE, "/users/me")
            .json(&json!({"password": PASSWORD})),
        other => panic!("unknown request: {other}"),
    }
}

/// Time that an instance may need to start: a second until the connection attempt fails, the rest for a slow machine. A
/// problem document shows that the function responded, and not the gateway after its timeout.
const START: Duration = Duration::from_secs(5);

/// Sends requests concurrently, and asserts that each is a 503 within `seconds`.
async fn assert_all_unavailable(
    app: &TestApp,
    ada: &SignedIn<'_>,
    requests: &[&str],
    seconds: u32,
) {
    let start = Instant::now();
    let responses: Vec<_> = requests
        .iter()
        .map(|name| tokio::spawn(Response::to(request(app, ada, name))))
        .collect();
    for (name, response) in requests.iter().zip(responses) {
        assert_unavailable(&response.await.unwrap(), name);
    }
    let took = start.elapsed();
    let limit = START + Duration::from_secs(seconds.into());
    assert!(took < limit, "{took:?}");
}

/// Returns user ids by canonical e-mail, after checking that the two tables agree.
async fn accounts(app: &TestApp) -> BTreeMap<String, String> {
    let credentials = scan(app, "Credentials").await;
    // Without the records of deletions.
    let mut users = scan(app, "Users").await;
    users.retain(|user| user["deleted_at"].is_null());
    let pairs = |items: &[Value], email: &str, id: &str| -> BTreeMap<String, String> {
        let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap().to_owned();
        items
            .iter()
            .map(|item| (text(item, email), text(item, id)))
            .collect()
    };
    let accounts = pairs(&credentials, "email", "user_id");
    assert_eq!(
        accounts,
        pairs(&users, "email_canonical", "id"),
        "the tables disagree"
    );
    assert_eq!(
        (credentials.len(), users.len()),
        (accounts.len(), accounts.len())
    );
    accounts
}

async fn scan(app: &TestApp, table: &str) -> Vec<Value> {
    let body = json!({"TableName": format!("cloakroom-dev-{table}Table")});
    let response = app
        .call_engine("dynamodb", "local", "DynamoDB_20120810.Scan", &body)
        .await;
    response.expect(200).json()["Items"]
        .as_array()
        .unwrap()
        .clone()
}
