//! `/session`, `/signout` and `/users/me/sessions`: how sessions are refreshed, listed and ended.

mod end;
mod epoch;
mod faults;
mod list;
mod refresh;
mod replay;

use serde_json::{Value, json};

use crate::support::{Answer, SignedIn, TestApp};

async fn refresh(app: &TestApp, token: &str) -> Answer {
    app.post("/session/refresh", &json!({"refreshToken": token}))
        .await
}

/// The refresh token that an answer brings.
#[track_caller]
fn next(answer: Answer) -> String {
    let answer = answer.expect(200).json();
    answer["refreshToken"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_has_ended(answer: &Answer, what: &str) {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 401, "{what}: {text}");
    assert_eq!(answer.problem(), "session_ended", "{what}");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
}

async fn sign_out(app: &TestApp, token: &str) -> Answer {
    app.post("/signout", &json!({"refreshToken": token})).await
}

async fn sign_out_everywhere(ada: &SignedIn<'_>) -> Answer {
    ada.post("/signout?everywhere=true", &json!({})).await
}

/// What the table has of somebody's session, if it has.
async fn item(app: &TestApp, ada: &SignedIn<'_>) -> Option<Value> {
    let body = json!({
        "TableName": "cloakroom-dev-SessionsTable", "ConsistentRead": true, "Key": {"id": {"S": ada.session_id()}},
    });
    let target = "DynamoDB_20120810.GetItem";
    let answer = app.call_engine("dynamodb", "local", target, &body).await;
    answer.expect(200).json().get("Item").cloned()
}

/// How many tokens of somebody's session were given out after the first.
async fn generation(app: &TestApp, ada: &SignedIn<'_>) -> String {
    let item = item(app, ada).await.unwrap();
    item["generation"]["N"].as_str().unwrap().to_owned()
}

/// Changes somebody's session behind its back, as time would.
async fn change(app: &TestApp, ada: &SignedIn<'_>, expression: &str, value: i64) {
    let body = json!({
        "TableName": "cloakroom-dev-SessionsTable", "Key": {"id": {"S": ada.session_id()}},
        "UpdateExpression": expression, "ExpressionAttributeValues": {":value": {"N": value.to_string()}},
    });
    let target = "DynamoDB_20120810.UpdateItem";
    let answer = app.call_engine("dynamodb", "local", target, &body).await;
    answer.expect(200);
}

/// Puts the last rotation so many milliseconds back.
async fn pass(app: &TestApp, ada: &SignedIn<'_>, milliseconds: i64) {
    change(
        app,
        ada,
        "SET rotated_at = rotated_at - :value",
        milliseconds,
    )
    .await;
}

/// Seconds since 1970.
fn now() -> i64 {
    domain::Clock::system().now().unix_timestamp()
}
