use serde_json::{Value, json};

use super::{ask, functions};
use crate::support::TestApp;

/// What a function may read at most: the keys of its own stage, and of these the private ones only to sign tokens.
#[tokio::test]
async fn only_signin_and_session_read_private_keys() {
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
            let answer = parameters(&app, function, "GetParametersByPath", &body).await;
            let signs = ["Signin", "Session"].contains(&function);
            let own = if signs {
                "/cloakroom/dev"
            } else {
                "/cloakroom/dev/keys/public"
            };
            assert!(answer.is_none() || path == own, "{what}: {answer:?}");
            let holds = |half: &str| answer.as_deref().is_some_and(|text| text.contains(half));
            let private = holds(&format!("keys/private/{kid}"));
            assert_eq!(private, signs && path == own, "{what}");
        }
    }
}

#[tokio::test]
async fn no_function_reads_a_parameter_by_name_or_writes_one() {
    let app = TestApp::start_unrecorded(&[]);
    let kid = app.signer().await.kid;
    for function in functions() {
        for half in ["private", "public"] {
            let name = format!("/cloakroom/dev/keys/{half}/{kid}");
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
                let answer = parameters(&app, function, operation, &body).await;
                assert_eq!(answer, None, "{function}: {operation} {name}");
            }
        }
    }
    let body = json!({"Name": format!("/cloakroom/dev/keys/private/{kid}")});
    let answer = parameters(&app, "operator", "GetParameter", &body).await;
    assert!(answer.is_some());
}

/// The answer of the parameter store to a function (or the `operator`); `None` is a denial.
async fn parameters(app: &TestApp, who: &str, operation: &str, body: &Value) -> Option<String> {
    ask(app, "ssm", who, &format!("AmazonSSM.{operation}"), body).await
}
