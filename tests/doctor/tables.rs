use serde_json::{Value, json};

use super::Report;
use crate::support::TestApp;

/// Calls an operation of the database on a table.
async fn call(app: &TestApp, operation: &str, table: &str, more: Value) {
    let mut body = json!({"TableName": format!("cloakroom-dev-{table}")});
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let target = format!("DynamoDB_20120810.{operation}");
    let response = app.call_engine("dynamodb", "local", &target, &body).await;
    response.expect(200);
}

#[tokio::test]
async fn a_missing_table_is_a_problem() {
    let app = TestApp::start();
    call(&app, "DeleteTable", "LimitsTable", json!({})).await;
    Report::of(&app, &[]).expect_problem("LimitsTable", "does not exist", "cargo run");
}

#[tokio::test]
async fn a_table_that_does_not_expire_items_is_a_problem() {
    let app = TestApp::start();
    let off = json!({"AttributeName": "expires_at", "Enabled": false});
    let off = json!({"TimeToLiveSpecification": off});
    call(&app, "UpdateTimeToLive", "SessionsTable", off).await;
    let fix = "aws dynamodb update-time-to-live --table-name cloakroom-dev-SessionsTable";
    Report::of(&app, &[]).expect_problem("SessionsTable", "does not expire", fix);
}

#[tokio::test]
async fn an_outbox_without_a_stream_is_a_problem() {
    let app = TestApp::start();
    let off = json!({"StreamSpecification": {"StreamEnabled": false}});
    call(&app, "UpdateTable", "OutboxTable", off).await;
    let fix = "StreamEnabled=true,StreamViewType=NEW_IMAGE";
    Report::of(&app, &[]).expect_problem("OutboxTable", "no stream", fix);
}

#[tokio::test]
async fn a_table_with_other_keys_or_without_an_index_is_a_problem() {
    let app = TestApp::start();
    call(&app, "DeleteTable", "UsersTable", json!({})).await;
    let create = async |key: &str| {
        let table = json!({
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        });
        call(&app, "CreateTable", "UsersTable", table).await;
        let expires =
            json!({"TimeToLiveSpecification": {"Enabled": true, "AttributeName": "expires_at"}});
        call(&app, "UpdateTimeToLive", "UsersTable", expires).await;
    };
    create("name").await;
    let report = Report::of(&app, &[]);
    report.expect_problem("UsersTable", "keys [\"name HASH\"]", "cannot be changed");
    call(&app, "DeleteTable", "UsersTable", json!({})).await;
    create("id").await;
    let report = Report::of(&app, &[]);
    report.expect_problem("UsersTable", "the index listing", "cargo run");
}
