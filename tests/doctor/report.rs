use super::Report;
use crate::{operator::assert_exit, support::TestApp};

#[tokio::test]
async fn a_healthy_system_passes() {
    let app = TestApp::start();
    let report = Report::of(&app, &[]);
    report.expect_healthy();
    assert_eq!(report.status("account"), "not-applicable");
    for check in [
        "clock",
        "signing keys",
        "UsersTable",
        "OutboxTable",
        "API CORS",
    ] {
        assert_eq!(report.status(check), "ok", "{check}");
    }
}

#[tokio::test]
async fn the_report_for_people_is_aligned_and_without_colours() {
    let app = TestApp::start();
    let (out, _) = assert_exit(&app.run_doctor(&[]), 0);
    assert!(!out.contains('\u{1b}'), "{out}");
    assert!(out.contains("ok           signing keys  "), "{out}");
    let summary = out.trim_end().lines().last().unwrap();
    assert!(
        summary.contains(" ok, ") && summary.ends_with(" n/a"),
        "{out}"
    );

    for name in app.parameters().await.keys() {
        app.delete_parameter(name).await;
    }
    let (out, err) = assert_exit(&app.run_doctor(&[]), 1);
    assert!(out.contains("problem      signing keys  "), "{out}");
    assert!(
        out.contains("fix: cloakroom secrets init --env dev --local="),
        "{out}"
    );
    assert!(out.contains("cloakroom env --data-dir"), "{out}");
    assert!(err.contains("there are problems"), "{err}");
}

#[tokio::test]
async fn another_stage_than_that_of_the_stack_is_a_problem() {
    let app = TestApp::start();
    let report = Report::of(&app, &["--stack", "elsewhere"]);
    assert_eq!(report.exit_code, 1);
    assert_eq!(report.status("UsersTable"), "problem");
}

#[tokio::test]
async fn without_a_local_system_the_command_says_how_to_start_it() {
    let app = TestApp::start();
    std::fs::remove_file(app.data_dir().join("endpoints.json")).unwrap();
    let (_, err) = assert_exit(&app.run_doctor(&[]), 1);
    assert!(err.contains("the local system is not running"), "{err}");
}
