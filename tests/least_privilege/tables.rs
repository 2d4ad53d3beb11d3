use serde_json::{Value, json};

use super::{functions, is_allowed, table};
use crate::support::{PASSWORD, TestApp, session_key};

const ADA: &str = "ada@example.com";

/// Returns a request of each operation that reads an item.
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
async fn only_functions_that_check_passwords_can_read_password_hashes() {
    let app = TestApp::start_unrecorded(&[]);
    app.sign_up(ADA, PASSWORD).await.expect(201);
    let key = json!({"email": {"S": ADA}});
    for function in functions() {
        for projection in [None, Some("hash")] {
            for (operation, body) in reads("Credentials", &key, projection) {
                let checks_passwords = ["Signin", "Account", "UploadLocks"].contains(&function);
                let expected =
                    checks_passwords && ["GetItem", "TransactGetItems"].contains(&operation);
                let is_permitted = is_allowed(&app, function, operation, &body).await;
                assert_eq!(is_permitted, expected, "{function}: {operation} {body}");
            }
        }
    }
}

/// The search by name is for administrators.
#[tokio::test]
async fn only_admin_can_find_users_by_name() {
    let app = TestApp::start_unrecorded(&[]);
    let query = json!({
        "TableName": table("Users"), "IndexName": "names", "KeyConditionExpression": "name_head = :head",
        "ExpressionAttributeValues": {":head": {"S": "ad"}},
    });
    for function in functions() {
        let is_permitted = is_allowed(&app, function, "Query", &query).await;
        assert_eq!(is_permitted, function == "Admin", "{function}");
    }
}

/// The function admin may read which user has an address, and nothing else of a credential.
#[tokio::test]
async fn admin_can_read_only_the_user_id_of_a_credential() {
    let app = TestApp::start_unrecorded(&[]);
    let key = json!({"email": {"S": ADA}});
    for (projection, expected) in [
        (Some("user_id"), true),
        (Some("status"), false),
        (Some("failures"), false),
        (Some("hash"), false),
        (None, false),
    ] {
        let (operation, body) = reads("Credentials", &key, projection).remove(0);
        let is_permitted = is_allowed(&app, "Admin", operation, &body).await;
        assert_eq!(is_permitted, expected, "{body}");
    }
}

#[tokio::test]
async fn only_signin_can_create_sessions() {
    let app = TestApp::start_unrecorded(&[]);
    let put = json!({"TableName": table("Sessions"), "Item": {"user_part": {"S": "x"}, "id": {"S": "x"}}});
    let transaction = json!({"TransactItems": [{"Put": put}]});
    for function in functions() {
        for (operation, body) in [("PutItem", &put), ("TransactWriteItems", &transaction)] {
            let is_permitted = is_allowed(&app, function, operation, body).await;
            assert_eq!(
                is_permitted,
                function == "Signin",
                "{function}: {operation}"
            );
        }
    }
}

/// Only a refresh needs the family key of a session.
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
        let mut body = json!({
            "TableName": table("Sessions"), "KeyConditionExpression": "user_part = :part",
            "ExpressionAttributeValues": {":part": session_key(&ada.session_id())["user_part"]},
        });
        if !projection.is_null() {
            body["ProjectionExpression"] = projection;
        }
        for function in ["Export", "Session"] {
            let is_permitted = is_allowed(&app, function, "Query", &body).await;
            assert_eq!(is_permitted, expected, "{function}: {body}");
        }
    }
}

/// The function uploads compares the state of an account and of a session with a token, finds the caller's verified address,
/// and shows the names of users who share files. It needs no other attributes.
#[tokio::test]
async fn uploads_cannot_read_profiles_or_session_keys() {
    let app = TestApp::start_unrecorded(&[]);
    let session = json!({"user_part": {"S": "x"}, "id": {"S": "x"}});
    for (name, key, needed) in [
        ("Users", json!({"id": {"S": "x"}}), "status"),
        ("Sessions", session, "epoch"),
    ] {
        for projection in [None, Some("profile"), Some("roles"), Some("family_key")] {
            for (operation, body) in reads(name, &key, projection) {
                let is_permitted = is_allowed(&app, "Uploads", operation, &body).await;
                assert!(!is_permitted, "{operation} {body}");
            }
        }
        let (operation, body) = reads(name, &key, Some(needed)).remove(0);
        assert!(
            is_allowed(&app, "Uploads", operation, &body).await,
            "{body}"
        );
    }
}

/// A list of names needs no addresses, and the state of one account no names.
#[tokio::test]
async fn uploads_can_read_addresses_one_by_one_and_of_credentials_only_the_verification() {
    let app = TestApp::start_unrecorded(&[]);
    let user = json!({"id": {"S": "x"}});
    let credential = json!({"email": {"S": "x"}});
    for (name, key, projection, expected) in [
        ("Users", &user, "email_canonical", &["GetItem"][..]),
        ("Users", &user, "name", &["BatchGetItem"]),
        ("Credentials", &credential, "verified_at", &["GetItem"]),
        ("Credentials", &credential, "user_id", &["GetItem"]),
        ("Credentials", &credential, "status", &[]),
        ("Credentials", &credential, "roles", &[]),
    ] {
        for (operation, body) in reads(name, key, Some(projection)) {
            let is_permitted = is_allowed(&app, "Uploads", operation, &body).await;
            let is_expected = expected.contains(&operation);
            assert_eq!(is_permitted, is_expected, "{operation} {body}");
        }
    }
}

/// The addresses that a file is shared with are for its owner.
#[tokio::test]
async fn only_functions_of_uploads_can_query_the_received_grants_and_without_addresses() {
    let app = TestApp::start_unrecorded(&[]);
    let query = |projection: &str| {
        json!({
            "TableName": table("ReadGrants"), "IndexName": "received", "KeyConditionExpression": "reader = :reader",
            "ExpressionAttributeValues": {":reader": {"S": "x"}}, "ProjectionExpression": projection,
            "ExpressionAttributeNames": {"#upload": "upload"},
        })
    };
    // The second ends the grants to a user who is deleted.
    let permitted = ["Uploads", "UploadGrants"];
    for function in functions() {
        let is_permitted = is_allowed(&app, function, "Query", &query("#upload, granted_at")).await;
        assert_eq!(is_permitted, permitted.contains(&function), "{function}");
    }
    for attribute in ["email", "email_canonical"] {
        let body = query(&format!("#upload, {attribute}"));
        for function in permitted {
            assert!(!is_allowed(&app, function, "Query", &body).await, "{body}");
        }
    }
}

/// The engine checks the permissions of each part of a transaction or batch.
#[tokio::test]
async fn a_batch_or_transaction_grants_no_additional_access() {
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
        assert!(
            !is_allowed(&app, function, operation, &body).await,
            "{what}"
        );
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
            let allowed = is_allowed(&app, function, operation, &table).await;
            assert!(!allowed, "{function}: {operation}");
        }
    }
    assert!(is_allowed(&app, "operator", "DescribeTable", &table).await);
}
