use super::Report;
use crate::support::{TestApp, eventually};

const CHECK: &str = "signing keys";

/// Returns the name of the only parameter under `keys/{half}`.
async fn key_name(app: &TestApp, half: &str) -> String {
    let parameters = app.parameters().await;
    let mut names = parameters.into_keys();
    let prefix = format!("keys/{half}/");
    names.find(|name| name.starts_with(&prefix)).unwrap()
}

#[tokio::test]
async fn a_missing_private_key_is_a_problem() {
    let app = TestApp::start();
    let name = key_name(&app, "private").await;
    app.delete_parameter(&name).await;
    Report::of(&app, &[]).expect_problem(CHECK, "no keys", "cloakroom secrets init --env dev");
}

#[tokio::test]
async fn a_public_key_that_is_not_published_is_a_problem_that_its_fix_corrects() {
    let app = TestApp::start();
    let name = key_name(&app, "public").await;
    // A second public key: without any, the keys are missing altogether.
    assert!(app.run_secrets(&["rotate-signing-key"]).status.success());
    app.delete_parameter(&name).await;
    let report = Report::of(&app, &[]);
    report.expect_among_problems(CHECK, "not published", "cloakroom secrets init --env dev");
    let init = app.run_secrets(&["init"]);
    assert!(init.status.success());
    eventually(async || Report::of(&app, &[]).exit_code == 0).await;
}

#[tokio::test]
async fn an_invalid_key_is_a_problem() {
    let app = TestApp::start();
    app.put_parameter("keys/public/broken", "{").await;
    let report = Report::of(&app, &[]);
    report.expect_among_problems(
        CHECK,
        "broken",
        "aws ssm delete-parameter --name /cloakroom/cloakroom-dev/keys/private/",
    );
}

#[tokio::test]
async fn an_unfinished_rotation_is_a_problem() {
    let app = TestApp::start();
    app.put_parameter("keys/next", "{}").await;
    let report = Report::of(&app, &[]);
    let fix = "cloakroom secrets rotate-signing-key --env dev";
    report.expect_problem("key rotation", "interrupted", fix);
}

#[tokio::test]
async fn a_rotation_that_waits_is_reported_and_no_problem() {
    let app = TestApp::start();
    assert!(app.run_secrets(&["rotate-signing-key"]).status.success());
    let report = Report::of(&app, &[]);
    assert_eq!(report.exit_code, 0, "{}", report.text);
    assert_eq!(report.status("key rotation"), "ok");
}
