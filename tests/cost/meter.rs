//! A local system whose functions' consumption is measured: from their log lines, and from the recording of its usage.

use std::{
    cell::RefCell,
    collections::HashSet,
    fs,
    ops::Deref,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    USAGE,
    table::{Row, event_operation, operations_of_template},
};
use crate::support::{
    Response, TestApp, cloakroom_dev, eventually,
    lines::{functions_lines, lines_of},
};

/// What a function may write about a request or an event at most, on average of its line. docs/COST.md uses this size.
pub const MAX_LINE: usize = 480;

/// Requests to S3 by price: those that cost as much as a PUT, and those that cost as much as a GET. Others cost nothing.
const PUTS: [&str; 9] = [
    "PutObject",
    "PostObject",
    "CopyObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "ListObjectsV2",
    "ListObjectVersions",
    "ListMultipartUploads",
];
const GETS: [&str; 5] = [
    "GetObject",
    "HeadObject",
    "ListParts",
    "GetObjectRetention",
    "PutObjectRetention",
];
const FREE: [&str; 2] = ["DeleteObject", "AbortMultipartUpload"];

/// A system whose usage is recorded.
pub struct Meter {
    app: TestApp,
    usage: PathBuf,
    measured: RefCell<Vec<Measured>>,
    /// The ids of the event lines that are measured or left out.
    seen: RefCell<HashSet<String>>,
    _data: TempDir,
}

/// A measured case, and the invocation that it was measured in.
pub struct Measured {
    pub row: Row,
    invocation: String,
}

impl Measured {
    /// Returns the line about the case for `ci/check_cost.py`.
    pub fn record(&self) -> Value {
        json!({"operation": self.row.operation, "case": self.row.case, "id": self.invocation})
    }
}

impl Deref for Meter {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

impl Meter {
    /// Starts a system with these parameters. `name` is the directory of its recording.
    pub fn start(name: &str, parameters: &[&str]) -> Self {
        Self::start_with_template(name, parameters, None)
    }

    /// Starts a system without the rule for events of S3: a test delivers them when a request cannot meet them.
    pub fn start_without_events(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let template = include_str!("../../template.yaml");
        let rule = "detail-type: [Object Created]";
        assert_eq!(template.matches(rule).count(), 1);
        let path = directory.path().join("template.yaml");
        fs::write(&path, template.replace(rule, "detail-type: [None]")).unwrap();
        Self::start_with_template(name, &[], Some(&path))
    }

    fn start_with_template(name: &str, parameters: &[&str], template: Option<&Path>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let directory = data.path().join("data");
        let usage = Path::new(USAGE).join(name);
        let mut command = cloakroom_dev(&directory);
        // No key is read again while the system runs.
        command
            .args(["--ephemeral", "--parameter", "ParameterCacheSeconds=3600"])
            .env("CLOAKROOM_RECORD_USAGE", &usage);
        for parameter in parameters {
            command.args(["--parameter", parameter]);
        }
        if let Some(template) = template {
            command.arg("--template").arg(template);
        }
        Self {
            app: TestApp::start_command(&mut command, &directory),
            usage,
            measured: RefCell::default(),
            seen: RefCell::default(),
            _data: data,
        }
    }

    /// Measures a request, and returns its response.
    pub async fn request(&self, case: &str, response: Response) -> Response {
        let line = self.line_of(&response).await;
        let route = line["route"].as_str().unwrap().to_owned();
        self.add(&route, case, &line);
        response
    }

    /// Measures the last webhook of the payment provider.
    pub async fn payment(&self, case: &str) {
        self.settled().await;
        let route = "POST /payments/stripe";
        let lines = lines_of(&self.complete_log().await);
        let line = lines.iter().rfind(|line| line["route"] == route);
        self.add(route, case, line.expect("a webhook of the provider"));
    }

    /// Waits for the next event of a kind, and measures it.
    pub async fn event(&self, kind: &str, case: &str) {
        let line = self.next_event(kind).await;
        self.add(kind, case, &line);
    }

    /// Waits for the next event of a kind, and does not measure it.
    pub async fn skip_event(&self, kind: &str) {
        self.next_event(kind).await;
    }

    async fn next_event(&self, kind: &str) -> Value {
        let mut found = Value::Null;
        eventually(async || {
            let seen = self.seen.borrow();
            let is_next = |(binary, line): &(String, Value)| {
                let event = line["event"].as_str();
                event.is_some_and(|event| event_operation(event, binary) == kind)
                    && !seen.contains(line["id"].as_str().unwrap())
            };
            found = functions_lines(&self.log())
                .into_iter()
                .find(is_next)
                .map(|(_, line)| line)
                .unwrap_or_default();
            !found.is_null()
        })
        .await;
        let id = found["id"].as_str().unwrap().to_owned();
        self.seen.borrow_mut().insert(id);
        found
    }

    /// Returns the measured cases.
    pub fn finish(self) -> Vec<Measured> {
        self.measured.into_inner()
    }

    fn add(&self, operation: &str, case: &str, line: &Value) {
        let case = case.to_owned();
        assert!(
            line["ColdStarts"].is_null()
                && line["AwsRetries"].is_null()
                && line["failed"].is_null(),
            "{operation}, {case}: an exceptional invocation: {line}"
        );
        let length = line.to_string().len();
        assert!(length <= MAX_LINE, "{length} bytes: {line}");
        let invocation = line["id"].as_str().unwrap().to_owned();
        let Counts {
            tables,
            s3: [s3_puts, s3_gets, s3_deletions],
            parameters,
        } = self.recorded(&invocation);
        let whole = |name: &str| line[name].as_u64().unwrap_or_default();
        let calls = whole("calls") - parameters;
        let units = |name: &str| line[name].as_f64().unwrap_or_default();
        let function = operations_of_template()[operation].clone();
        let row = Row {
            operation: operation.to_owned(),
            function,
            reads: units("ReadUnits"),
            writes: units("WriteUnits"),
            calls,
            s3_puts,
            s3_gets,
            s3_deletions,
            others: calls - tables - s3_puts - s3_gets - s3_deletions - whole("MailsSent"),
            hashes: hashes(operation, &case, units("HashMilliseconds")),
            mails: whole("MailsSent"),
            case,
        };
        self.measured
            .borrow_mut()
            .push(Measured { row, invocation });
    }

    /// Waits until all events are delivered, and leaves them out.
    pub async fn quiet(&self) {
        self.settled().await;
        let lines = lines_of(&self.complete_log().await).into_iter();
        let events = lines.filter(|line| line["event"].is_string());
        let ids = events.map(|line| line["id"].as_str().unwrap().to_owned());
        self.seen.borrow_mut().extend(ids);
    }

    /// Counts the recorded requests of an invocation.
    fn recorded(&self, invocation: &str) -> Counts {
        let mut counts = Counts::default();
        for file in fs::read_dir(&self.usage).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            let lines: Vec<Value> = lines.collect();
            let own = lines.iter().filter(|line| line["id"] == invocation);
            for line in own {
                let service = line["service"].as_str().unwrap();
                let operation = line["operation"].as_str().unwrap();
                let [puts, gets, deletions] = &mut counts.s3;
                *match service {
                    "ssm" => &mut counts.parameters,
                    "s3" if PUTS.contains(&operation) => puts,
                    "s3" if GETS.contains(&operation) => gets,
                    "s3" if FREE.contains(&operation) => deletions,
                    "s3" => panic!("{operation}"),
                    _ => &mut counts.tables,
                } += 1;
            }
        }
        counts
    }
}

/// The recorded requests of an invocation: to the tables, to S3 by price, and to Parameter Store.
#[derive(Default)]
struct Counts {
    tables: u64,
    s3: [u64; 3],
    parameters: u64,
}

/// Returns the number of hashes. The line has their time only: a new password is compared with the old one and hashed.
fn hashes(operation: &str, case: &str, milliseconds: f64) -> u64 {
    let is_change = operation == "PUT /users/me/password" && case == "right password";
    match (milliseconds > 0.0, is_change) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    }
}
