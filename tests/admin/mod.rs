//! `/admin/users`.

mod access;
mod deletion;
mod listing;
mod races;
mod roles;
mod status;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Response, SignedIn, TestApp};

/// Asks for something that a path says: `disable`, `enable`, `delete`, or `admin` and `nobody` for roles.
async fn ask(who: &SignedIn<'_>, what: &str, id: &str) -> Response {
    let path = format!("/admin/users/{id}");
    Response::to(match what {
        "see" => who.request(Method::GET, &path),
        "delete" => who.request(Method::DELETE, &path),
        "admin" => who
            .request(Method::PUT, &format!("{path}/roles"))
            .json(&json!({"roles": ["admin"]})),
        "nobody" => who
            .request(Method::PUT, &format!("{path}/roles"))
            .json(&json!({"roles": []})),
        what => who.request(Method::POST, &format!("{path}/{what}")),
    })
    .await
}

/// An item, as the operator sees it; null when there is none.
async fn item(app: &TestApp, table: &str, key: Value) -> Value {
    let table = format!("cloakroom-dev-{table}Table");
    let body = json!({"TableName": table, "Key": key, "ConsistentRead": true});
    let target = "DynamoDB_20120810.GetItem";
    let answer = app.call_engine("dynamodb", "local", target, &body).await;
    answer.expect(200).json()["Item"].clone()
}

async fn credential(app: &TestApp, email: &str) -> Value {
    item(app, "Credentials", json!({"email": {"S": email}})).await
}

async fn user(app: &TestApp, id: &str) -> Value {
    item(app, "Users", json!({"id": {"S": id}})).await
}

/// What stands in both items of an account, once it is seen to be the same: epoch, whether it is disabled, roles.
async fn standing(app: &TestApp, email: &str, id: &str) -> (u64, bool, Vec<String>) {
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
    let found = read(&user(app, id).await);
    assert_eq!(read(&credential(app, email).await), found);
    found
}
