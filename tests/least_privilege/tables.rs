use serde_json::{Value, json};

use super::{database, functions, table};
use crate::support::{PASSWORD, TestApp};

const ADA: &str = "ada@example.com";

/// Every way to read an item: what a function may not read, it may not read by any of them.
fn reads(name: &str, key: &Value, projection: Option<&str>) -> Vec<(&'static str, Value)> {
    let table = table(name);
    let mut get = json!({"TableName": table, "Key": key});
    let mut batch = json!({"Keys": [key]});
    if let Some(projection) = projection {
        for body in [&mut get, &mut batch] {
            body["ProjectionExpression"] = json!("#a");
            body["ExpressionAttributeNames"] = json!({"#a": projection});
        }
    }
    let (attribute, value) = key.as_object().unwrap().iter().next().unwrap();
    let query = json!({
        "TableName": table, "KeyConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": attribute}, "ExpressionAttributeValues": {":k": value},
    });
    let statement = format!("SELECT * FROM \"{table}\"");
    vec![
        ("GetItem", get.clone()),
        (
            "BatchGetItem",
            json!({"RequestItems": {table.clone(): batch}}),
        ),
        ("TransactGetItems", json!({"TransactItems": [{"Get": get}]})),
        ("Query", query),
        ("Scan", json!({"TableName": table})),
        ("ExecuteStatement", json!({"Statement": statement})),
    ]
}

#[tokio::test]
async fn only_functions_that_check_passwords_read_a_hash() {
    let app = TestApp::start_unrecorded(&[]);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    let key = json!({"email": {"S": ADA}});
    for function in functions() {
        for projection in [None, Some("hash")] {
            for (operation, body) in reads("Credentials", &key, projection) {
                let checks = ["Signin", "Account", "UploadLocks"].contains(&function);
                let expected = checks && ["GetItem", "TransactGetItems"].contains(&operation);
                let may = database(&app, function, operation, &body).await;
                assert_eq!(may, expected, "{function}: {operation} {body}");
            }
        }
    }
}

#[tokio::test]
async fn only_signin_opens_sessions() {
    let app = TestApp::start_unrecorded(&[]);
    let put = json!({"TableName": table("Sessions"), "Item": {"id": {"S": "x"}}});
    let transaction = json!({"TransactItems": [{"Put": put}]});
    for function in functions() {
        for (operation, body) in [("PutItem", &put), ("TransactWriteItems", &transaction)] {
            let may = database(&app, function, operation, body).await;
            assert_eq!(may, function == "Signin", "{function}: {operation}");
        }
    }
}

/// A refresh needs the family key of its session; a list of sessions does not.
#[tokio::test]
async fn a_list_of_sessions_cannot_read_family_keys() {
    let app = TestApp::start_unrecorded(&[]);
    let ada = app.new_user(ADA).await;
    let listed = "id, created_at, generation, rotated_at, epoch, expires_at";
    for (projection, expected) in [
        (json!(listed), true),
        (json!(format!("{listed}, family_key")), false),
        (json!("family_key"), false),
        (json!(null), false),
    ] {
        let mut keys = json!({"Keys": [{"id": {"S": ada.session_id()}}]});
        keys["ProjectionExpression"] = projection;
        let body = json!({"RequestItems": {table("Sessions"): keys}});
        let may = database(&app, "Session", "BatchGetItem", &body).await;
        assert_eq!(may, expected, "{body}");
    }
}

/// Uploads compares the state of an account and of a session with a token, and needs nothing else of either.
#[tokio::test]
async fn uploads_cannot_read_profiles_or_session_keys() {
    let app = TestApp::start_unrecorded(&[]);
    let key = json!({"id": {"S": "x"}});
    for (name, needed) in [("Users", "status"), ("Sessions", "epoch")] {
        for projection in [None, Some("email"), Some("family_key")] {
            for (operation, body) in reads(name, &key, projection) {
                let may = database(&app, "Uploads", operation, &body).await;
                assert!(!may, "{operation} {body}");
            }
        }
        let (operation, body) = reads(name, &key, Some(needed)).remove(0);
        assert!(database(&app, "Uploads", operation, &body).await, "{body}");
    }
}

/// The engine checks every part of a transaction and of a batch.
#[tokio::test]
async fn a_batch_or_a_transaction_grants_nothing_more() {
    let app = TestApp::start_unrecorded(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let put = |name: &str, key: &str| json!({"Put": {"TableName": table(name), "Item": {key: {"S": "x"}}}});
    let keys = json!({"Keys": [{"email": {"S": "ada@example.com"}}]});
    let arn = format!(
        "arn:aws:dynamodb:us-east-1:000000000000:table/{}",
        table("Credentials")
    );
    let key = json!({"email": {"S": "ada@example.com"}});
    for (function, operation, body) in [
        (
            "Signup",
            "TransactWriteItems",
            json!({"TransactItems": [put("Credentials", "email"), put("Sessions", "id")]}),
        ),
        (
            "Signup",
            "TransactWriteItems",
            json!({"TransactItems": [{"ConditionCheck": {
                "TableName": table("Credentials"), "Key": key, "ConditionExpression": "attribute_exists(email)",
            }}]}),
        ),
        (
            "Signup",
            "TransactGetItems",
            json!({"TransactItems": [{"Get": {"TableName": table("Credentials"), "Key": key}}]}),
        ),
        ("Users", "GetItem", json!({"TableName": arn, "Key": key})),
        ("Admin", "GetItem", json!({"TableName": arn, "Key": key})),
        (
            "Admin",
            "TransactGetItems",
            json!({"TransactItems": [{"Get": {"TableName": table("Credentials"), "Key": key}}]}),
        ),
        (
            "Users",
            "BatchGetItem",
            json!({"RequestItems": {table("Credentials"): keys}}),
        ),
        (
            "Users",
            "BatchGetItem",
            json!({"RequestItems": {table("Users"): {"Keys": [{"id": {"S": "x"}}]}}}),
        ),
        (
            "Signup",
            "BatchWriteItem",
            json!({"RequestItems": {table("Users"): [{"PutRequest": {"Item": {"id": {"S": "x"}}}}]}}),
        ),
        (
            "Users",
            "ExecuteStatement",
            json!({"Statement": format!("SELECT * FROM \"{}\"", table("Credentials"))}),
        ),
    ] {
        let what = format!("{function}: {operation} {body}");
        assert!(!database(&app, function, operation, &body).await, "{what}");
    }
}

#[tokio::test]
async fn no_function_can_change_or_list_the_tables() {
    let app = TestApp::start_unrecorded(&[]);
    let table = json!({"TableName": "cloakroom-dev-UsersTable"});
    for function in functions() {
        for operation in [
            "DescribeTable",
            "DeleteTable",
            "UpdateTable",
            "UpdateTimeToLive",
            "CreateTable",
            "ListTables",
        ] {
            let allowed = database(&app, function, operation, &table).await;
            assert!(!allowed, "{function}: {operation}");
        }
    }
    assert!(database(&app, "operator", "DescribeTable", &table).await);
}
