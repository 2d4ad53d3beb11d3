use std::{fs, path::Path};

use tempfile::TempDir;

use super::Report;
use crate::support::{TestApp, cloakroom_dev, run_doctor_on, unrecorded};

/// A system whose template differs from the project's, as a stack that was changed by hand.
pub struct Changed {
    pub app: TestApp,
    dir: TempDir,
}

impl Changed {
    /// Starts a system with a template in which each text is replaced by another one.
    pub fn start(replacements: &[(&str, &str)]) -> Self {
        Self::start_with(replacements, &[])
    }

    /// Starts it with parameters of the template as well.
    pub fn start_with(replacements: &[(&str, &str)], parameters: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
        let mut text = fs::read_to_string(template).unwrap();
        for (before, after) in replacements {
            assert!(text.contains(before), "{before}");
            text = text.replace(before, after);
        }
        let changed = dir.path().join("changed.yaml");
        fs::write(&changed, text).unwrap();
        let data = dir.path().join("data");
        // Some texts are grants, so the record of calls would have denials.
        let mut command = unrecorded(cloakroom_dev(&data));
        command.args(["--ephemeral", "--template"]).arg(changed);
        for parameter in parameters {
            command.args(["--parameter", parameter]);
        }
        let app = TestApp::start_command(&mut command, &data);
        Self { app, dir }
    }

    /// Returns the data directory.
    pub fn data(&self) -> std::path::PathBuf {
        Path::new(self.dir.path()).join("data")
    }

    /// Runs the command against the system.
    pub fn report(&self, args: &[&str]) -> Report {
        let args = [args, &["--json"]].concat();
        Report::read(&run_doctor_on(&self.data(), &args))
    }
}

#[tokio::test]
async fn a_bucket_without_versions_and_locks_is_two_problems() {
    let changed = Changed::start(&[
        ("      ObjectLockEnabled: true\n", ""),
        (
            "      VersioningConfiguration: { Status: Enabled }\n      # Only",
            "      # Only",
        ),
    ]);
    let report = changed.report(&[]);
    let fix = "put-bucket-versioning --bucket cloakroom-dev-uploadsbucket";
    report.expect_among_problems("bucket versioning", "cannot be restored", fix);
    let fix = "put-object-lock-configuration --bucket cloakroom-dev-uploadsbucket";
    report.expect_among_problems("bucket Object Lock", "cannot be locked", fix);
}

#[tokio::test]
async fn a_bucket_without_events_is_a_problem() {
    let changed = Changed::start(&[("EventBridgeEnabled: true", "EventBridgeEnabled: false")]);
    let fix = "put-bucket-notification-configuration";
    changed
        .report(&[])
        .expect_problem("bucket events", "stay pending", fix);
}

#[tokio::test]
async fn a_bucket_that_hides_the_etag_from_pages_is_a_problem() {
    let changed = Changed::start(&[(
        "ExposedHeaders: [ETag, Location]",
        "ExposedHeaders: [Location]",
    )]);
    let report = changed.report(&[]);
    report.expect_problem(
        "bucket CORS",
        "ExposedHeaders does not contain ETag",
        "cargo run",
    );
}

#[tokio::test]
async fn a_bucket_whose_rules_do_not_allow_the_page_is_a_problem() {
    let page = "https://page.example.com";
    let app = TestApp::start_with(&[
        "AllowedOrigins=https://app.example.com",
        &format!("AppUrl={page}/"),
    ]);
    let report = Report::of(&app, &[]);
    report.expect_among_problems("bucket CORS", page, "cargo run");
    report.expect_among_problems("API CORS", page, "cargo run");
}

#[tokio::test]
async fn the_page_of_the_local_system_needs_no_rule() {
    let app = TestApp::start_with(&["AllowedOrigins=https://app.example.com"]);
    let report = Report::of(&app, &[]);
    assert_eq!(report.status("bucket CORS"), "ok");
    assert_eq!(report.status("API CORS"), "ok");
}
