use std::io::{self, IsTerminal as _, Write};

use console::style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::aws::AwsError;

/// The result of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    Ok,
    /// Works, but not as well as it should.
    Warning,
    /// Does not work.
    Problem,
    /// Could not be checked, for example because a permission is missing. Never a success.
    NotChecked,
    /// Does not exist in this system, so there is nothing to check.
    NotApplicable,
}

impl Status {
    const ALL: [Self; 5] = [
        Self::Ok,
        Self::Warning,
        Self::Problem,
        Self::NotChecked,
        Self::NotApplicable,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::NotChecked => "not checked",
            Self::NotApplicable => "n/a",
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: String,
    pub(super) status: Status,
    /// One sentence.
    pub(super) text: String,
    /// The command or the console step that corrects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fix: Option<String>,
}

impl Finding {
    fn new(check: impl Into<String>, status: Status, text: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            status,
            text: text.into(),
            fix: None,
        }
    }

    fn with_fix(self, fix: impl Into<String>) -> Self {
        Self {
            fix: Some(fix.into()),
            ..self
        }
    }

    pub(super) fn ok(check: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, text)
    }

    pub(super) fn warning(
        check: impl Into<String>,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, Status::Warning, text).with_fix(fix)
    }

    pub(super) fn problem(
        check: impl Into<String>,
        text: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(check, Status::Problem, text).with_fix(fix)
    }

    pub(super) fn not_checked(check: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(check, Status::NotChecked, text)
    }

    /// Reports a part that only exists in an AWS account.
    pub(super) fn not_local(check: impl Into<String>) -> Self {
        Self::new(check, Status::NotApplicable, "not on the local system")
    }

    /// Reports a part that the stack does not use.
    pub(super) fn not_used(check: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(check, Status::NotApplicable, text)
    }

    /// Reports a failed AWS call. A missing permission of the operator is no problem of the stack.
    pub(super) fn failed(check: impl Into<String>, error: &AwsError) -> Self {
        match error {
            AwsError::Denied { action, name, .. } => {
                Self::not_checked(check, format!("needs {action} on {name}"))
            }
            AwsError::Failed { message, .. } if !is_missing(message) => {
                Self::not_checked(check, error.to_string())
            }
            error => {
                let text = error.to_string().replace("\n  ", " ");
                Self::problem(check, text, "Correct this, then run the command again")
            }
        }
    }
}

/// Whether a failed call says that a resource of the stack does not exist.
fn is_missing(message: &str) -> bool {
    [
        "NoSuchBucket",
        "NonExistentQueue",
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "ResourceNotFoundException",
    ]
    .iter()
    .any(|code| message.starts_with(code))
}

/// The findings, printed as they are made.
pub(super) struct Report<W> {
    out: W,
    is_json: bool,
    progress: ProgressBar,
    findings: Vec<Finding>,
}

/// The width of the column with the names of the checks.
const CHECK_WIDTH: usize = 34;

impl<W: Write> Report<W> {
    pub(super) fn new(out: W, is_json: bool) -> Self {
        let progress = if io::stderr().is_terminal() && !is_json {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.enable_steady_tick(std::time::Duration::from_millis(100));
            let template = ProgressStyle::with_template("{spinner} {msg}");
            bar.with_style(template.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        } else {
            ProgressBar::hidden()
        };
        Self {
            out,
            is_json,
            progress,
            findings: Vec::new(),
        }
    }

    /// Shows what is being checked.
    pub(super) fn step(&self, text: impl Into<String>) {
        self.progress.set_message(text.into());
    }

    /// Adds a finding and prints it, unless the output is JSON.
    pub(super) fn add(&mut self, finding: Finding) -> io::Result<()> {
        if !self.is_json {
            let out = &mut self.out;
            self.progress.suspend(|| write_finding(out, &finding))?;
        }
        self.findings.push(finding);
        Ok(())
    }

    /// Adds several findings.
    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) -> io::Result<()> {
        findings
            .into_iter()
            .try_for_each(|finding| self.add(finding))
    }

    /// Prints the summary, or the whole report as JSON. Returns whether there is a problem.
    pub(super) fn finish(mut self, note: Option<&str>) -> io::Result<bool> {
        self.progress.finish_and_clear();
        let count = |status| {
            let found = self.findings.iter();
            found.filter(|finding| finding.status == status).count()
        };
        let has_problem = count(Status::Problem) > 0;
        if self.is_json {
            let report = serde_json::json!({"healthy": !has_problem, "checks": self.findings});
            writeln!(self.out, "{report:#}")?;
            return Ok(has_problem);
        }
        let counts: Vec<_> = Status::ALL
            .into_iter()
            .map(|status| (count(status), status))
            .filter(|(count, _)| *count > 0)
            .map(|(count, status)| format!("{count} {}", status.as_str()))
            .collect();
        writeln!(self.out, "\n{}", counts.join(", "))?;
        if let Some(note) = note.filter(|_| has_problem) {
            writeln!(self.out, "{note}")?;
        }
        Ok(has_problem)
    }
}

fn write_finding(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let status = style(format!("{:11}", finding.status.as_str()));
    let status = match finding.status {
        Status::Ok => status.green(),
        Status::Warning | Status::NotChecked => status.yellow(),
        Status::Problem => status.red().bold(),
        Status::NotApplicable => status.dim(),
    };
    let (check, text) = (&finding.check, &finding.text);
    writeln!(out, "{status}  {check:CHECK_WIDTH$}  {text}")?;
    match &finding.fix {
        Some(fix) => writeln!(out, "{:11}  {:CHECK_WIDTH$}  fix: {fix}", "", ""),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(is_json: bool) -> (bool, String) {
        let mut out = Vec::new();
        let mut report = Report::new(&mut out, is_json);
        report.add(Finding::ok("clock", "0 s")).unwrap();
        report
            .add(Finding::problem("keys", "There is no key.", "make one"))
            .unwrap();
        report.add(Finding::not_local("quotas")).unwrap();
        let has_problem = report.finish(Some("note")).unwrap();
        (has_problem, String::from_utf8(out).unwrap())
    }

    #[test]
    fn findings_are_aligned_and_counted() {
        let (has_problem, text) = report(false);
        assert!(has_problem);
        insta::assert_snapshot!(text, @r"
        ok           clock                               0 s
        problem      keys                                There is no key.
                                                         fix: make one
        n/a          quotas                              not on the local system

        1 ok, 1 problem, 1 n/a
        note
        ");
    }

    #[test]
    fn json_has_all_findings() {
        let (_, text) = report(true);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["healthy"], false);
        let expected = serde_json::json!({
            "check": "keys", "status": "problem", "text": "There is no key.", "fix": "make one",
        });
        assert_eq!(json["checks"][1], expected);
    }

    #[test]
    fn a_missing_permission_is_not_ok() {
        let denied = AwsError::Denied {
            action: "sqs:GetQueueAttributes",
            name: "*".to_owned(),
            message: String::new(),
        };
        let finding = Finding::failed("dead letters", &denied);
        assert_eq!(finding.status, Status::NotChecked);
        assert_eq!(finding.text, "needs sqs:GetQueueAttributes on *");
    }
}
