//! Refreshing, listing and ending sessions.

mod end;
mod epoch;
mod faults;
mod list;
mod refresh;
mod replay;

use serde_json::{Value, json};

use crate::support::{Response, SignedIn, TestApp, session_key};

async fn refresh(app: &TestApp, token: &str) -> Response {
    app.post("/session/refresh", &json!({"refreshToken": token}))
        .await
}

/// Returns the refresh token of a successful response.
#[track_caller]
fn next_token(response: Response) -> String {
    let response = response.expect(200).json();
    response["refreshToken"].as_str().unwrap().to_owned()
}

/// Asserts the 401 `session_ended` response.
#[track_caller]
fn assert_has_ended(response: &Response, reason: &str) {
    let text = String::from_utf8_lossy(&response.body).into_owned();
    assert_eq!(response.status, 401, "{reason}: {text}");
    assert_eq!(response.problem(), "session_ended", "{reason}");
    assert_eq!(
        response.header("www-authenticate"),
        Some("Bearer"),
        "{reason}"
    );
}

async fn sign_out(app: &TestApp, token: &str) -> Response {
    app.post("/signout", &json!({"refreshToken": token})).await
}

async fn sign_out_everywhere(ada: &SignedIn<'_>) -> Response {
    ada.post("/signout?everywhere=true", &json!({})).await
}

/// Reads the item of a user's session, if it exists.
async fn session_item(app: &TestApp, ada: &SignedIn<'_>) -> Option<Value> {
    let body = json!({
        "TableName": "cloakroom-dev-SessionsTable", "ConsistentRead": true, "Key": session_key(&ada.session_id()),
    });
    let target = "DynamoDB_20120810.GetItem";
    let response = app.call_engine("dynamodb", "local", target, &body).await;
    response.expect(200).json().get("Item").cloned()
}

/// Returns how often a user's session was refreshed.
async fn generation(app: &TestApp, ada: &SignedIn<'_>) -> String {
    let item = session_item(app, ada).await.unwrap();
    item["generation"]["N"].as_str().unwrap().to_owned()
}

/// Updates the item of a user's session.
async fn update_session(app: &TestApp, ada: &SignedIn<'_>, expression: &str, value: i64) {
    let body = json!({
        "TableName": "cloakroom-dev-SessionsTable", "Key": session_key(&ada.session_id()),
        "UpdateExpression": expression, "ExpressionAttributeValues": {":value": {"N": value.to_string()}},
    });
    let target = "DynamoDB_20120810.UpdateItem";
    let response = app.call_engine("dynamodb", "local", target, &body).await;
    response.expect(200);
}

/// Sets the time of the last rotation to so many milliseconds ago.
async fn backdate_rotation(app: &TestApp, ada: &SignedIn<'_>, milliseconds: i64) {
    let now = domain::Clock::system().now().unix_timestamp_nanos() / 1_000_000;
    let rotated_at = i64::try_from(now).unwrap() - milliseconds;
    update_session(app, ada, "SET rotated_at = :value", rotated_at).await;
}

/// Returns the time in seconds since 1970.
fn now() -> i64 {
    domain::Clock::system().now().unix_timestamp()
}
