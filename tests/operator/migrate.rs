use serde_json::json;

use super::assert_exit;
use crate::support::TestApp;

/// Stores a parameter under the path that stacks of a stage once shared.
async fn put_old(app: &TestApp, name: &str, value: &str) {
    let name = format!("/cloakroom/dev/{name}");
    let body = json!({"Name": name, "Value": value, "Type": "SecureString", "Overwrite": true});
    let response = app.call_engine("ssm", "local", "AmazonSSM.PutParameter", &body);
    response.await.expect(200);
}

#[tokio::test]
async fn secrets_of_the_old_path_are_copied_without_overwriting_any() {
    let app = TestApp::start();
    let (out, _) = assert_exit(&app.run_secrets(&["migrate"]), 0);
    assert!(
        out.contains("there is nothing under /cloakroom/dev"),
        "{out}"
    );

    let mut expected = app.parameters().await;
    for (name, value) in &expected {
        put_old(&app, name, value).await;
        app.delete_parameter(name).await;
    }
    put_old(&app, "smtp/password", "hush").await;
    expected.insert("smtp/password".to_owned(), "hush".to_owned());
    let (out, _) = assert_exit(&app.run_secrets(&["migrate"]), 0);
    assert_eq!(app.parameters().await, expected);
    assert!(!out.contains("hush"), "{out}");
    assert!(
        out.contains("aws ssm delete-parameters --names /cloakroom/dev/keys/"),
        "{out}"
    );
    let ada = app.new_user("ada@example.com").await;
    ada.get("/users/me").await.expect(200);

    put_old(&app, "smtp/password", "changed").await;
    let (out, _) = assert_exit(&app.run_secrets(&["migrate"]), 0);
    assert!(out.contains("already exists: "), "{out}");
    assert_eq!(app.parameters().await, expected);
}
