use serde_json::{Value, json};

use super::{call, functions};
use crate::support::TestApp;

/// A function reads at most the keys of its own stage, and private keys only if it signs tokens.
#[tokio::test]
async fn only_signin_and_session_can_read_private_keys() {
    let app = TestApp::start_unrecorded(&[]);
    let kid = app.signer().await.kid;
    for function in functions() {
        for path in [
            "/",
            "/cloakroom",
            "/cloakroom/dev",
            "/cloakroom/dev/keys",
            "/cloakroom/dev/keys/private",
            "/cloakroom/dev/keys/public",
            "/cloakroom/dev/keys/public/../private",
            "/cloakroom/qa",
            "/cloakroom/prod/keys/public",
        ] {
            let body = json!({"Path": path, "Recursive": true, "WithDecryption": true});
            let what = format!("{function}: {path}");
            let response = parameters(&app, function, "GetParametersByPath", &body).await;
            let signs_tokens = ["Signin", "Session"].contains(&function);
            let allowed_path = if signs_tokens {
                "/cloakroom/dev"
            } else {
                "/cloakroom/dev/keys/public"
            };
            assert!(
                response.is_none() || path == allowed_path,
                "{what}: {response:?}"
            );
            let private_key = format!("keys/private/{kid}");
            let has_private_key = response
                .as_deref()
                .is_some_and(|text| text.contains(&private_key));
            assert_eq!(
                has_private_key,
                signs_tokens && path == allowed_path,
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn no_function_can_read_a_parameter_by_name_or_write_one() {
    let app = TestApp::start_unrecorded(&[]);
    let kid = app.signer().await.kid;
    for function in functions() {
        for part in ["private", "public"] {
            let name = format!("/cloakroom/dev/keys/{part}/{kid}");
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
    let body = json!({"Name": format!("/cloakroom/dev/keys/private/{kid}")});
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
