//! What callers see when something behind the functions fails: a 503 with `Retry-After` in time, or the success that
//! they asked for. Never a conflict that is none, never half an account.

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

/// Insists on the one answer to every outage.
#[track_caller]
fn assert_is_unavailable(answer: &Response, what: &str) {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 503, "{what}: {text}");
    assert_eq!(answer.problem(), "unavailable", "{what}");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{what}: {seconds}");
}

/// Every request that needs the database.
const REQUESTS: [&str; 8] = [
    "sign up",
    "sign in",
    "list",
    "see",
    "see me",
    "patch",
    "new password",
    "delete",
];

fn request(app: &TestApp, ada: &SignedIn<'_>, what: &str) -> RequestBuilder {
    let email = |email: &str| json!({"email": email, "password": PASSWORD});
    let mut new = email("new@example.com");
    new["name"] = json!("New");
    let change = json!({"currentPassword": PASSWORD, "newPassword": PASSWORD});
    match what {
        "sign up" => app.request(Method::POST, "/signup").json(&new),
        "sign in" => app
            .request(Method::POST, "/signin")
            .json(&email("ada@example.com")),
        "refresh" => app
            .request(Method::POST, "/session/refresh")
            .json(&json!({"refreshToken": ada.refresh_token})),
        "list" => ada.request(Method::GET, "/users"),
        "see" => ada.request(Method::GET, &format!("/users/{}", ada.id)),
        "see me" => ada.request(Method::GET, "/users/me"),
        "patch" => ada
            .request(Method::PATCH, "/users/me")
            .json(&json!({"name": "Countess"})),
        "new password" => ada.request(Method::PUT, "/users/me/password").json(&change),
        "delete" => ada
            .request(Method::DELETE, "/users/me")
            .json(&json!({"password": PASSWORD})),
        other => panic!("no such request: {other}"),
    }
}

/// What an instance may take to start: a second to find out that nobody answers it, the rest for a slow machine. That it
/// is the function's own answer, and not the gateway's at the end of its time, is seen by its being a problem.
const START: Duration = Duration::from_secs(5);

/// Sends requests at once, and insists that each is a 503 within so many seconds.
async fn all_are_unavailable(app: &TestApp, ada: &SignedIn<'_>, requests: &[&str], seconds: u32) {
    let start = Instant::now();
    let answers: Vec<_> = requests
        .iter()
        .map(|what| tokio::spawn(Response::to(request(app, ada, what))))
        .collect();
    for (what, answer) in requests.iter().zip(answers) {
        assert_is_unavailable(&answer.await.unwrap(), what);
    }
    let took = start.elapsed();
    let limit = START + Duration::from_secs(seconds.into());
    assert!(took < limit, "{took:?}");
}

/// Who has an account, by canonical e-mail: what the two tables say, once they are seen to agree.
async fn accounts(app: &TestApp) -> BTreeMap<String, String> {
    let credentials = scan(app, "Credentials").await;
    let users = scan(app, "Users").await;
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
        "half an account"
    );
    assert_eq!(
        (credentials.len(), users.len()),
        (accounts.len(), accounts.len())
    );
    accounts
}

async fn scan(app: &TestApp, table: &str) -> Vec<Value> {
    let body = json!({"TableName": format!("cloakroom-dev-{table}Table")});
    let answer = app
        .call_engine("dynamodb", "local", "DynamoDB_20120810.Scan", &body)
        .await;
    answer.expect(200).json()["Items"]
        .as_array()
        .unwrap()
        .clone()
}
