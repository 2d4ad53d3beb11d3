use std::process::Command;

use crate::support::{TestApp, cloakroom};

/// What README.md tells people to type before `aws` and `sam`.
#[tokio::test]
async fn a_shell_is_led_to_the_local_system() {
    let dir = tempfile::tempdir().unwrap();
    let app = TestApp::start_in(dir.path(), &["--ephemeral"]);
    let script = r#"
        eval "$("$CLOAKROOM" env --data-dir "$DATA")"
        echo "$AWS_ENDPOINT_URL_DYNAMODB $AWS_ENDPOINT_URL_S3 ${AWS_SESSION_TOKEN-none}"
        "$CLOAKROOM" secrets list --env dev
    "#;
    let ran = Command::new("sh")
        .args(["-euc", script])
        .env_clear()
        .env("CLOAKROOM", env!("CARGO_BIN_EXE_cloakroom"))
        .env("DATA", dir.path())
        .env("AWS_SESSION_TOKEN", "of an account")
        .env("AWS_REGION", "eu-west-1")
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let complaints = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{complaints}");
    let expected = format!("{} {} none\n", app.endpoint("dynamodb"), app.endpoint("s3"));
    assert!(said.starts_with(&expected), "{said}");
    let kid = app.signer().await.kid;
    assert!(said.contains(&kid), "{said}");
}

#[test]
fn without_a_system_there_is_nothing_to_lead_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let ran = cloakroom(["env", "--data-dir", path]).output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert_eq!(ran.stdout, b"", "nothing that a shell would run");
    let complaint = String::from_utf8(ran.stderr).unwrap();
    assert!(complaint.contains("endpoints.json"), "{complaint}");
}
