use std::process::Command;

use crate::support::{TestApp, cloakroom};

/// Runs the commands that README.md has before `aws` and `sam`.
#[tokio::test]
async fn env_points_a_shell_at_the_local_system() {
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
        .env("AWS_SESSION_TOKEN", "session token")
        .env("AWS_REGION", "eu-west-1")
        .output()
        .unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    let err = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{err}");
    let expected = format!("{} {} none\n", app.endpoint("dynamodb"), app.endpoint("s3"));
    assert!(out.starts_with(&expected), "{out}");
    let kid = app.signer().await.kid;
    assert!(out.contains(&kid), "{out}");
}

#[test]
fn env_fails_without_a_running_system() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let ran = cloakroom(["env", "--data-dir", path]).output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert_eq!(
        ran.stdout, b"",
        "stdout must be empty, because a shell evaluates it"
    );
    let err = String::from_utf8(ran.stderr).unwrap();
    assert!(err.contains("endpoints.json"), "{err}");
}
