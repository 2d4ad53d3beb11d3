//! `cloakroom doctor`, run as an executable: a healthy system passes, and each fault is reported with its correction.

mod api;
mod bucket;
mod deep;
mod report;
mod secrets;
mod tables;

use std::process::Output;

use serde_json::Value;

use crate::support::TestApp;

/// A report of `cloakroom doctor --json`.
pub struct Report {
    exit_code: i32,
    checks: Vec<Value>,
    text: String,
}

impl Report {
    /// Runs the command against a system.
    fn of(app: &TestApp, args: &[&str]) -> Self {
        Self::read(&app.run_doctor(&[args, &["--json"]].concat()))
    }

    fn read(output: &Output) -> Self {
        let [text, err] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        let json: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{err}"));
        Self {
            exit_code: output.status.code().unwrap(),
            checks: json["checks"].as_array().unwrap().clone(),
            text,
        }
    }

    /// Asserts that nothing is wrong, and that all checks were done that a local system has.
    #[track_caller]
    fn expect_healthy(&self) {
        assert_eq!(self.exit_code, 0, "{}", self.text);
        let is_fine =
            |check: &Value| check["status"] == "ok" || check["status"] == "not-applicable";
        assert!(self.checks.iter().all(is_fine), "{}", self.text);
    }

    /// Asserts that this is the only problem, and that its text and its fix contain these texts.
    #[track_caller]
    fn expect_problem(&self, check: &str, text: &str, fix: &str) {
        let checks = self.checks.iter();
        let problems = checks.filter(|check| check["status"] == "problem");
        assert_eq!(problems.count(), 1, "{}", self.text);
        self.expect_among_problems(check, text, fix);
    }

    /// Asserts that this is one of the problems, and that its text and its fix contain these texts.
    #[track_caller]
    fn expect_among_problems(&self, check: &str, text: &str, fix: &str) {
        assert_eq!(self.exit_code, 1, "{}", self.text);
        let mut problems = self.checks.iter();
        let problem = problems
            .find(|found| found["status"] == "problem" && found["check"] == check)
            .unwrap_or_else(|| panic!("no problem {check}: {}", self.text));
        let has = |member: &str, text: &str| problem[member].as_str().unwrap().contains(text);
        assert!(has("text", text), "{problem}");
        assert!(has("fix", fix), "{problem}");
    }

    /// Returns the status of a check.
    #[track_caller]
    fn status(&self, check: &str) -> &str {
        let found = self.checks.iter().find(|found| found["check"] == check);
        let found = found.unwrap_or_else(|| panic!("{check} is missing: {}", self.text));
        found["status"].as_str().unwrap()
    }
}
