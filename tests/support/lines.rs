//! The line that a function writes for each invocation (docs/LOGGING.md).

use serde_json::Value;

use super::{Response, TestApp, eventually};

/// The fields of a line that are not metrics.
const FIELDS: [&str; 9] = [
    "id", "route", "status", "user", "calls", "event", "ms", "failed", "_aws",
];

/// Returns the lines of all invocations in a log.
pub fn lines_of(log: &str) -> Vec<Value> {
    let lines = functions_lines(log).into_iter();
    lines.map(|(_, line)| line).collect()
}

/// Returns the lines of all invocations in a log, with the functions that wrote them.
pub fn functions_lines(log: &str) -> Vec<(String, Value)> {
    let documents = log.lines().filter_map(|line| {
        let (function, json) = line.split_once(" | ")?;
        let json = serde_json::from_str::<Value>(json).ok()?;
        Some((function.trim().to_owned(), json))
    });
    // Other lines have a level.
    let lines = documents.filter(|(_, line)| line["level"].is_null());
    lines.collect()
}

/// Returns the number of requests in a line without those that were repeated, as on a machine that stalls.
pub fn calls(line: &Value) -> u64 {
    line["calls"].as_u64().unwrap() - line["AwsRetries"].as_u64().unwrap_or_default()
}

/// Asserts that a line has the fields of docs/LOGGING.md and no others, and that its metrics are as `CloudWatch` reads them:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
/// `ci/check_metrics.py` checks the same against AWS's JSON schema.
pub fn assert_is_valid(line: &Value) {
    let members = line.as_object().unwrap();
    assert!(
        line["id"].as_str().is_some_and(|id| id.len() >= 16),
        "{line}"
    );
    assert_ne!(
        line["route"].is_string(),
        line["event"].is_string(),
        "{line}"
    );
    if line["event"].is_string() {
        assert!(line["ms"].is_u64(), "{line}");
    } else {
        assert!(line["Latency"].is_u64(), "{line}");
        let status = line["status"].as_u64();
        assert!(
            status.is_none_or(|status| (201..600).contains(&status)),
            "{line}"
        );
    }
    if let Some(user) = line.get("user") {
        uuid::Uuid::try_parse(user.as_str().unwrap()).unwrap();
    }
    let known = |name: &str| {
        metrics::Metric::ALL
            .into_iter()
            .find(|it| it.name() == name)
    };
    let declared = declared(line);
    for (name, value) in members {
        if FIELDS.contains(&name.as_str()) {
            continue;
        }
        assert!(known(name).is_some(), "{name}: {line}");
        assert!(declared.contains(&name.as_str()), "{name}: {line}");
        assert!(value.as_f64().is_some_and(|value| value > 0.0) || name == "Latency");
    }
    for name in declared {
        assert!(line[name].is_number(), "{name}: {line}");
    }
}

/// Returns the names of the metrics that a line declares.
fn declared(line: &Value) -> Vec<&str> {
    let Some(metadata) = line.get("_aws") else {
        return Vec::new();
    };
    assert!(metadata["Timestamp"].is_u64(), "{line}");
    let [directive] = metadata["CloudWatchMetrics"].as_array().unwrap().as_slice() else {
        panic!("{line}");
    };
    assert_eq!(directive["Namespace"], "Cloakroom/cloakroom-dev");
    assert_eq!(directive["Dimensions"], serde_json::json!([[]]));
    let metrics = directive["Metrics"].as_array().unwrap().iter();
    metrics
        .map(|metric| metric["Name"].as_str().unwrap())
        .collect()
}

impl TestApp {
    /// Waits for the line of a request.
    pub async fn line_of(&self, response: &Response) -> Value {
        let id = response.header("x-request-id").unwrap();
        let mut found = Value::Null;
        eventually(async || {
            let lines = lines_of(&self.log());
            found = lines
                .into_iter()
                .find(|line| line["id"] == id)
                .unwrap_or_default();
            !found.is_null()
        })
        .await;
        assert_is_valid(&found);
        found
    }

    /// Waits until the lines contain a metric this often in sum.
    pub async fn wait_for_metric(&self, name: &str, sum: f64) {
        eventually(async || {
            let lines = lines_of(&self.log());
            let values = lines.iter().filter_map(|line| line[name].as_f64());
            (values.sum::<f64>() - sum).abs() < 0.001
        })
        .await;
    }
}
