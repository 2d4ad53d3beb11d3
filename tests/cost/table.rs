//! tests/cost/table.json: what each operation consumes in each case.

use std::{collections::BTreeMap, fs, path::Path};

use sam_template::{Function, Rule, Template};
use serde::{Deserialize, Serialize};

/// The table as this run measured it.
pub const UPDATED_TABLE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/cost-table.json");

/// All rows, in the order of the document.
#[derive(Debug, Serialize, Deserialize)]
pub struct Table {
    pub rows: Vec<Row>,
}

/// One case of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// A route, or the kind of an event as in its log line.
    pub operation: String,
    pub case: String,
    /// The logical id of the function.
    pub function: String,
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
    /// Requests to all services, except Parameter Store: an instance reads its secrets once in `ParameterCacheSeconds`, in one
    /// of many invocations.
    pub calls: u64,
    /// Requests of the function to S3 that cost as much as a PUT or LIST.
    pub s3_puts: u64,
    /// Requests of the function to S3 that cost as much as a GET or HEAD.
    pub s3_gets: u64,
    /// Deletions in S3, which cost nothing.
    pub s3_deletions: u64,
    /// Requests to `EventBridge`, Lambda and SQS. Those to the payment provider and to endpoints of webhooks are not counted.
    pub others: u64,
    /// Password hashes.
    pub hashes: u64,
    /// Mails that SES accepted.
    pub mails: u64,
}

impl Table {
    pub fn read() -> Self {
        serde_json::from_str(include_str!("table.json")).unwrap()
    }

    /// Writes the table with one row on each line.
    pub fn write(path: &Path, rows: &[Row]) {
        let rows = rows.iter().map(|row| serde_json::to_string(row).unwrap());
        let rows: Vec<_> = rows.collect();
        let text = format!("{{\"rows\": [\n{}\n]}}\n", rows.join(",\n"));
        fs::write(path, text).unwrap();
    }

    /// Returns the row of a case.
    pub fn row(&self, operation: &str, case: &str) -> &Row {
        let mut rows = self.rows.iter();
        let is_it = |row: &&Row| row.operation == operation && row.case == case;
        rows.find(is_it)
            .unwrap_or_else(|| panic!("{operation}: {case}"))
    }
}

impl Row {
    /// Whether the operation is a route of the API.
    pub fn is_request(&self) -> bool {
        self.operation.contains(" /") || self.operation == "$default"
    }
}

/// Returns the functions of template.yaml.
pub fn functions() -> Vec<Function> {
    template().functions().unwrap()
}

fn template() -> Template {
    let template = include_str!("../../template.yaml");
    Template::parse(template, &BTreeMap::new()).unwrap()
}

/// Returns the name of a kind of event that a function gets. Several functions have a stream, a queue or a schedule.
pub fn event_operation(kind: &str, binary: &str) -> String {
    match (kind, binary) {
        ("aws:dynamodb", "mailer") | ("Scheduled Event", "upload-events") => kind.to_owned(),
        ("aws:dynamodb" | "aws:sqs" | "Scheduled Event", _) => format!("{kind}, {binary}"),
        _ => kind.to_owned(),
    }
}

/// Returns the routes and the events of template.yaml, with the functions that serve them.
pub fn operations_of_template() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let rules = template().rules().unwrap();
    for function in functions() {
        let mut add = |operation: String| found.insert(operation, function.logical_id.clone());
        for route in &function.routes {
            add(route.key());
        }
        let is_target = |rule: &&Rule| rule.targets.iter().any(|target| target.arn == function.arn);
        for rule in rules.iter().filter(is_target) {
            for kind in rule.pattern.values("detail-type") {
                add(kind.as_str().unwrap().to_owned());
            }
        }
        for schedule in &function.schedules {
            let input = schedule.input.as_deref().unwrap_or("{}");
            let input: serde_json::Value = serde_json::from_str(input).unwrap();
            let kind = input["detail-type"].as_str().unwrap_or("Scheduled Event");
            add(event_operation(kind, &function.binary));
        }
        if !function.streams.is_empty() {
            add(event_operation("aws:dynamodb", &function.binary));
        }
        if !function.queues.is_empty() {
            add(event_operation("aws:sqs", &function.binary));
        }
    }
    found
}
