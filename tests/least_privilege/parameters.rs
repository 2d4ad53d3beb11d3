use serde_json::{Value, json};

use super::{FUNCTIONS, ask};
use crate::support::TestApp;

/// Function and parameter path that it may read. What is not in here is denied.
const READABLE: [(&str, &str); 8] = [
    ("Signin", "/cloakroom/dev"),
    ("Session", "/cloakroom/dev"),
    ("Users", "/cloakroom/dev/keys/public"),
    ("Account", "/cloakroom/dev/keys/public"),
    ("Admin", "/cloakroom/dev/keys/public"),
    ("Uploads", "/cloakroom/dev/keys/public"),
    ("UploadLocks", "/cloakroom/dev/keys/public"),
    ("Keys", "/cloakroom/dev/keys/public"),
];

#[tokio::test]
async fn a_function_can_read_the_keys_it_needs_and_no_more() {
    let app = TestApp::start_unrecorded(&[]);
    let kid = app.signer().await.kid;
    for function in FUNCTIONS {
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
            let allowed = READABLE.contains(&(function, path));
            let what = format!("{function}: {path}");
            let answer = parameters(&app, function, "GetParametersByPath", &body).await;
            assert_eq!(answer.is_some(), allowed, "{what}");
            let holds = |half: &str| answer.as_deref().is_some_and(|text| text.contains(half));
            let signs = ["Signin", "Session"].contains(&function);
            let reads_private = signs && path == "/cloakroom/dev";
            assert_eq!(
                holds(&format!("keys/private/{kid}")),
                reads_private,
                "{what}"
            );
            assert_eq!(holds(&format!("keys/public/{kid}")), allowed, "{what}");
        }
    }
}

#[tokio::test]
async fn no_function_reads_one_parameter_or_writes_any() {
    let app = TestApp::start_unrecorded(&[]);
    let kid = app.signer().await.kid;
    for function in FUNCTIONS {
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

/// What the parameter store answers to a function (or the `operator`), if it does.
async fn parameters(app: &TestApp, who: &str, operation: &str, body: &Value) -> Option<String> {
    ask(app, "ssm", who, &format!("AmazonSSM.{operation}"), body).await
}
