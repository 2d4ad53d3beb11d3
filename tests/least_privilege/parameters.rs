use serde_json::{Value, json};

use super::{call, functions};
use crate::support::{PARAMETERS, PUBLIC_KEYS, TestApp};

/// The two functions that sign tokens read the private keys of their own stack; no function reads another parameter.
#[tokio::test]
async fn only_signin_and_session_can_read_private_keys() {
    let app = TestApp::start_unrecorded(&[]);
    let private_key = format!("keys/private/{}", app.signer().await.kid);
    let own = format!("{PARAMETERS}/keys/private");
    for function in functions() {
        for path in [
            "/",
            "/cloakroom",
            PARAMETERS,
            &format!("{PARAMETERS}/keys"),
            &own,
            &format!("{PARAMETERS}/keys/public/../private"),
            "/cloakroom/cloakroom-qa/keys/private",
            "/cloakroom/dev/keys/private",
        ] {
            let body = json!({"Path": path, "Recursive": true, "WithDecryption": true});
            let response = parameters(&app, function, "GetParametersByPath", &body).await;
            let is_allowed = ["Signin", "Session"].contains(&function) && path == own;
            assert_eq!(response.is_some(), is_allowed, "{function}: {path}");
            if let Some(text) = response {
                assert!(text.contains(&private_key), "{function}: {path}");
            }
        }
    }
}

/// A function that could write a public key could forge tokens.
#[tokio::test]
async fn no_function_can_write_a_public_key() {
    let app = TestApp::start_unrecorded(&[]);
    let kid = app.signer().await.kid;
    let key = json!({"kid": {"S": kid}});
    let item = json!({"kid": {"S": "forged"}, "value": {"S": "x"}});
    let put = json!({"TableName": PUBLIC_KEYS, "Item": item});
    let writes = [
        ("PutItem", put.clone()),
        ("DeleteItem", json!({"TableName": PUBLIC_KEYS, "Key": key})),
        (
            "UpdateItem",
            json!({"TableName": PUBLIC_KEYS, "Key": key, "UpdateExpression": "REMOVE version"}),
        ),
        (
            "TransactWriteItems",
            json!({"TransactItems": [{"Put": put}]}),
        ),
        (
            "BatchWriteItem",
            json!({"RequestItems": {PUBLIC_KEYS: [{"PutRequest": {"Item": item}}]}}),
        ),
    ];
    let before = app.parameters().await;
    for function in functions() {
        for (operation, body) in &writes {
            let target = format!("DynamoDB_20120810.{operation}");
            let response = call(&app, "dynamodb", function, &target, body).await;
            assert_eq!(response, None, "{function}: {operation}");
        }
    }
    assert_eq!(app.parameters().await, before);
}

#[tokio::test]
async fn no_function_can_read_a_parameter_by_name_or_write_one() {
    let app = TestApp::start_unrecorded(&[]);
    let kid = app.signer().await.kid;
    for function in functions() {
        for part in ["private", "public"] {
            let name = format!("{PARAMETERS}/keys/{part}/{kid}");
            for (operation, body) in [
                (
                    "GetParameter",
                    json!({"Name": name, "WithDecryption": true}),
                ),
                (
                    "GetParameters",
                    json!({"Names": [name], "WithDecryption": true}),
                ),
                (
                    "PutParameter",
                    json!({"Name": name, "Value": "x", "Type": "SecureString", "Overwrite": true}),
                ),
                ("DeleteParameter", json!({"Name": name})),
                ("DescribeParameters", json!({})),
            ] {
                let response = parameters(&app, function, operation, &body).await;
                assert_eq!(response, None, "{function}: {operation} {name}");
            }
        }
    }
    let body = json!({"Name": format!("{PARAMETERS}/keys/private/{kid}")});
    let response = parameters(&app, "operator", "GetParameter", &body).await;
    assert!(response.is_some());
}

/// Sends a request to Parameter Store as a function or as the `operator`. Returns `None` if it is denied.
async fn parameters(
    app: &TestApp,
    principal: &str,
    operation: &str,
    body: &Value,
) -> Option<String> {
    let target = format!("AmazonSSM.{operation}");
    call(app, "ssm", principal, &target, body).await
}
