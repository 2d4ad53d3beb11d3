//! The policy conditions of functions that may change accounts.

use serde_json::json;

use super::is_allowed;
use crate::support::{PASSWORD, TestApp};

/// These functions can't write a password hash, return it, or test it with conditions.
#[tokio::test]
async fn functions_that_change_accounts_cannot_read_or_write_password_hashes() {
    let app = TestApp::start_unrecorded(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let update = |set: &str, condition: &str, returned: &str| {
        json!({
            "TableName": "cloakroom-dev-CredentialsTable", "Key": {"email": {"S": "ada@example.com"}},
            "UpdateExpression": set, "ConditionExpression": condition, "ReturnValues": returned,
            "ExpressionAttributeNames": {"#a": "session_epoch"},
            "ExpressionAttributeValues": {":x": {"N": "1"}},
        })
    };
    let named = |name: &str| {
        let mut body = update("SET #a = :x", "attribute_exists(email)", "NONE");
        body["ExpressionAttributeNames"]["#a"] = json!(name);
        body
    };
    let exists = "attribute_exists(#a)";
    for (function, body, allowed) in [
        ("Session", named("session_epoch"), true),
        ("Admin", named("session_epoch"), true),
        ("Session", named("roles"), false),
        ("Session", named("status"), false),
        ("Session", named("hash"), false),
        ("Admin", named("hash"), false),
        ("Admin", named("failures"), false),
        ("UploadLocks", named("failures"), true),
        ("UploadLocks", named("locked_until"), true),
        ("UploadLocks", named("hash"), false),
        ("UploadLocks", named("status"), false),
        ("UploadLocks", named("session_epoch"), false),
        (
            "Admin",
            update("SET #a = :x, hash = :x", exists, "NONE"),
            false,
        ),
        (
            "Admin",
            update("SET #a = :x", "begins_with(hash, :x)", "NONE"),
            false,
        ),
        ("Admin", update("SET #a = hash", "#a <> :x", "NONE"), false),
        ("Session", update("SET #a = :x", exists, "NONE"), true),
        (
            "Session",
            update("SET #a = :x", exists, "UPDATED_NEW"),
            false,
        ),
        ("Session", update("SET #a = :x", exists, "ALL_NEW"), false),
        ("Admin", update("SET #a = :x", exists, "ALL_OLD"), false),
    ] {
        let what = format!("{function}: {body}");
        let is_permitted = is_allowed(&app, function, "UpdateItem", &body).await;
        assert_eq!(is_permitted, allowed, "{what}");
        let mut part = body;
        part.as_object_mut().unwrap().remove("ReturnValues");
        let transaction = json!({"TransactItems": [{"Update": part}]});
        if !allowed && !what.contains("ALL_") && !what.contains("UPDATED_") {
            let is_permitted = is_allowed(&app, function, "TransactWriteItems", &transaction).await;
            assert!(!is_permitted, "{what} in a transaction");
        }
    }
    let returning_old = |part: &str| {
        json!({
            "TableName": "cloakroom-dev-CredentialsTable", part: {"email": {"S": "ada@example.com"}},
            "ReturnValues": "ALL_OLD",
        })
    };
    let (delete, put) = (returning_old("Key"), returning_old("Item"));
    assert!(!is_allowed(&app, "Admin", "DeleteItem", &delete).await);
    for function in ["Signup", "Recovery"] {
        assert!(
            !is_allowed(&app, function, "PutItem", &put).await,
            "{function}"
        );
    }
    let reset = update("SET #a = :x", exists, "ALL_OLD");
    assert!(!is_allowed(&app, "Recovery", "UpdateItem", &reset).await);
}

/// IAM has no condition for a new item, so the function signup can replace an item, but without roles.
#[tokio::test]
async fn signup_cannot_write_roles_or_read_the_item_it_replaces() {
    let app = TestApp::start_unrecorded(&[]);
    let ada = app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let id = ada.json()["user"]["id"].clone();
    for (table, key, value) in [
        ("Credentials", "email", json!("ada@example.com")),
        ("Users", "id", id),
    ] {
        let put = |attribute: &str| {
            json!({
                "TableName": format!("cloakroom-dev-{table}Table"),
                "Item": {key: {"S": value}, attribute: {"S": "x"}},
            })
        };
        for (attribute, allowed) in [
            ("session_epoch", true),
            ("roles", false),
            ("failures", false),
        ] {
            let transaction = json!({"TransactItems": [{"Put": put(attribute)}]});
            for (operation, body) in [
                ("PutItem", put(attribute)),
                ("TransactWriteItems", transaction),
            ] {
                let is_permitted = is_allowed(&app, "Signup", operation, &body).await;
                assert_eq!(is_permitted, allowed, "{operation} {attribute} in {table}");
            }
        }
    }
    for (table, key) in [
        ("Credentials", "email"),
        ("Users", "id"),
        ("SignUps", "email"),
        ("Outbox", "id"),
    ] {
        let returned = json!({
            "TableName": format!("cloakroom-dev-{table}Table"), "Item": {key: {"S": "x"}}, "ReturnValues": "ALL_OLD",
        });
        assert!(
            !is_allowed(&app, "Signup", "PutItem", &returned).await,
            "{table}"
        );
    }
}

/// Refreshes and the routes of administration read roles from the Users table.
#[tokio::test]
async fn the_users_function_cannot_change_roles_or_status() {
    let app = TestApp::start_unrecorded(&[]);
    let ada = app
        .sign_up("ada@example.com", PASSWORD)
        .await
        .expect(201)
        .json();
    for (name, allowed) in [
        ("name", true),
        ("name_key", true),
        ("profile", true),
        ("roles", false),
        ("status", false),
        ("session_epoch", false),
        ("email", false),
    ] {
        let update = json!({
            "TableName": "cloakroom-dev-UsersTable", "Key": {"id": {"S": ada["user"]["id"]}},
            "UpdateExpression": "SET #a = :x",
            "ExpressionAttributeNames": {"#a": name}, "ExpressionAttributeValues": {":x": {"S": "x"}},
        });
        let transaction = json!({"TransactItems": [{"Update": update}]});
        for (operation, body) in [("UpdateItem", update), ("TransactWriteItems", transaction)] {
            let is_permitted = is_allowed(&app, "Users", operation, &body).await;
            // The condition requires a key that AWS may not set in transactions, and this function makes none.
            let allowed = allowed && operation == "UpdateItem";
            assert_eq!(is_permitted, allowed, "{operation} {name}");
        }
    }
}
