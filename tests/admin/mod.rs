//! `/admin/users`.

mod access;
mod deletion;
mod listing;
mod races;
mod roles;
mod search;
mod status;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Response, SignedIn, TestApp};

/// Sends a request about the account `id`: `get`, `disable`, `enable`, `grant admin`, `revoke admin` or `delete`.
async fn manage(caller: &SignedIn<'_>, action: &str, id: &str) -> Response {
    let path = format!("/admin/users/{id}");
    Response::to(match action {
        "get" => caller.request(Method::GET, &path),
        "delete" => caller.request(Method::DELETE, &path),
        "grant admin" => caller
            .request(Method::PUT, &format!("{path}/roles"))
            .json(&json!({"roles": ["admin"]})),
        "revoke admin" => caller
            .request(Method::PUT, &format!("{path}/roles"))
            .json(&json!({"roles": []})),
        action => caller.request(Method::POST, &format!("{path}/{action}")),
    })
    .await
}

/// Reads an item with the operator's key; null if there is none.
async fn item(app: &TestApp, table: &str, key: Value) -> Value {
    let table = format!("cloakroom-dev-{table}Table");
    let body = json!({"TableName": table, "Key": key, "ConsistentRead": true});
    let target = "DynamoDB_20120810.GetItem";
    let response = app.call_engine("dynamodb", "local", target, &body).await;
    response.expect(200).json()["Item"].clone()
}

async fn credential_item(app: &TestApp, email: &str) -> Value {
    item(app, "Credentials", json!({"email": {"S": email}})).await
}

async fn user_item(app: &TestApp, id: &str) -> Value {
    item(app, "Users", json!({"id": {"S": id}})).await
}

/// Returns session epoch, whether it is disabled, and roles of an account, after checking that both its items agree.
async fn account_state(app: &TestApp, email: &str, id: &str) -> (u64, bool, Vec<String>) {
    let read = |item: &Value| {
        let roles = item["roles"]["SS"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            item["session_epoch"]["N"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap(),
            item["status"]["S"] == "disabled",
            roles.iter().map(text).collect(),
        )
    };
    let found = read(&user_item(app, id).await);
    assert_eq!(read(&credential_item(app, email).await), found);
    found
}
