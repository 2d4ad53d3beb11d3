use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{Report, bucket::Changed};
use crate::support::{SignedIn, TestApp, WITH_MAIL, processes};

/// All steps in their order.
const STEPS: [&str; 12] = [
    "deep: sign-up",
    "deep: sign-in",
    "deep: refresh",
    "deep: upload by PUT",
    "deep: event of S3",
    "deep: download",
    "deep: restore",
    "deep: delete",
    "deep: upload by form",
    "deep: upload in parts",
    "deep: lock",
    "deep: bounce",
];

/// Lists all accounts as an administrator sees them, except the administrator.
async fn accounts(app: &TestApp) -> Vec<Value> {
    let admin: SignedIn<'_> = app.admin("admin@example.com").await;
    let listed = admin.get("/admin/users").await.expect(200).json();
    let items = listed["items"].as_array().unwrap().iter();
    items
        .filter(|item| item["email"] != "admin@example.com")
        .cloned()
        .collect()
}

#[tokio::test]
async fn a_healthy_system_passes_the_deep_checks_and_keeps_no_account() {
    let app = TestApp::start_with_mail(&["MaxLockDays=1"]);
    let report = Report::of(&app, &["--deep"]);
    report.expect_healthy();
    for step in STEPS {
        assert_eq!(report.status(step), "ok", "{step}");
    }
    assert_eq!(report.status("deep: clean-up"), "ok");
    assert_eq!(accounts(&app).await, Vec::<Value>::new());
}

#[tokio::test]
async fn without_events_an_upload_stays_pending() {
    let changed = Changed::start(&[("EventBridgeEnabled: true", "EventBridgeEnabled: false")]);
    let report = changed.report(&["--deep", "--wait", "2"]);
    report.expect_among_problems("deep: event of S3", "still pending", "output");
    // The other steps do not depend on events.
    for step in ["deep: download", "deep: restore", "deep: clean-up"] {
        assert_eq!(report.status(step), "ok", "{step}");
    }
    assert_eq!(report.status("deep: lock"), "not-applicable");
    assert_eq!(accounts(&changed.app).await, Vec::<Value>::new());
}

#[tokio::test]
async fn without_events_of_ses_a_bounce_has_no_effect() {
    let types = (
        "MatchingEventTypes: [BOUNCE, COMPLAINT]",
        "MatchingEventTypes: [COMPLAINT]",
    );
    let changed = Changed::start_with(&[types], &[WITH_MAIL]);
    let report = changed.report(&["--deep", "--wait", "2"]);
    report.expect_among_problems("deep: bounce", "did not bounce within 2 s", "output");
    assert_eq!(report.status("deep: clean-up"), "ok");
}

#[tokio::test]
async fn a_missing_permission_is_named_and_the_account_is_deleted() {
    // The function uploads may not delete delete markers, so it cannot restore.
    let changed = Changed::start(&[("\n                  - s3:DeleteObjectVersion", "")]);
    let report = changed.report(&["--deep"]);
    report.expect_problem(
        "deep: restore",
        "a delete marker through the alias",
        "output",
    );
    assert_eq!(report.status("deep: clean-up"), "ok");
    assert_eq!(accounts(&changed.app).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_verified_sign_up_is_not_checked_and_not_ok() {
    let app = TestApp::start_with_mail(&["SignupMode=verified"]);
    let report = Report::of(&app, &["--deep"]);
    assert_eq!(report.exit_code, 0, "{}", report.text);
    assert_eq!(report.status("deep: sign-up"), "not-checked");
}

#[tokio::test]
async fn an_interrupted_check_deletes_its_account() {
    let changed = Changed::start(&[("EventBridgeEnabled: true", "EventBridgeEnabled: false")]);
    // Waits for the event that does not come.
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_cloakroom"))
        .args(["doctor", "--env", "dev", "--deep"])
        .arg(format!("--local={}", changed.data().display()))
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(doctor.stdout.take().unwrap()).lines();
    let mut next = || lines.next().map(Result::unwrap);
    while !next().unwrap().contains("deep: upload by PUT") {}
    processes::signal(doctor.id(), "INT");
    let rest: Vec<_> = std::iter::from_fn(next).collect();
    assert!(!doctor.wait().unwrap().success());
    let has = |text: &str| rest.iter().any(|line| line.contains(text));
    assert!(has("interrupted"), "{rest:?}");
    assert!(has("the account is deleted"), "{rest:?}");
    assert_eq!(accounts(&changed.app).await, Vec::<Value>::new());
}
