//! The metrics of the functions for Prometheus: `/metrics`, next to the API. AWS has `CloudWatch` in its place.
//!
//! They are read from the lines in `CloudWatch`'s embedded metric format that functions print:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Prometheus' text format (<https://prometheus.io/docs/instrumenting/exposition_formats/>). Web pages cannot read it.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// The values of all metrics since the start of the system.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<BTreeMap<Name, BTreeMap<String, Total>>>>);

/// The namespace and the name of a metric, and its unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    namespace: String,
    name: String,
    unit: Option<String>,
}

/// The values of a metric that one function has printed.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    sum: f64,
    count: u64,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_aws")]
    metadata: Metadata,
    #[serde(flatten)]
    members: Map<String, Value>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "CloudWatchMetrics")]
    directives: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    metrics: Vec<Definition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
    unit: Option<String>,
}

impl Metrics {
    /// Adds the metrics of a line that a function has printed. Other lines have none.
    pub(crate) fn read(&self, function: &str, line: &str) {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            return;
        };
        let mut totals = self.lock();
        for directive in line.metadata.directives {
            for metric in directive.metrics {
                let values = line.members.get(&metric.name).map(values);
                let name = Name {
                    namespace: directive.namespace.clone(),
                    name: metric.name,
                    unit: metric.unit,
                };
                let functions = totals.entry(name).or_default();
                let total = functions.entry(function.to_owned()).or_default();
                for value in values.into_iter().flatten() {
                    total.sum += value;
                    total.count += 1;
                }
            }
        }
    }

    /// Returns the HTTP service, which is served next to the API.
    pub(crate) fn into_router(self) -> Router {
        Router::new().route("/metrics", get(page)).with_state(self)
    }

    /// Renders each metric as a summary: the sum and the number of its values, for each function.
    fn render(&self) -> String {
        let mut text = String::new();
        for (name, functions) in self.lock().iter() {
            let metric = name.for_prometheus();
            let (full, unit) = (&name.name, name.unit.as_deref().unwrap_or("no unit"));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "# HELP {metric} {full} in {}, {unit}.",
                name.namespace
            );
            let _ = writeln!(text, "# TYPE {metric} summary");
            for (function, Total { sum, count }) in functions {
                let label = format!("{{function=\"{}\"}}", escape(function));
                let _ = writeln!(text, "{metric}_sum{label} {sum}");
                let _ = writeln!(text, "{metric}_count{label} {count}");
            }
        }
        text
    }

    /// The lock is never held across code that can panic.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, BTreeMap<String, Total>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Name {
    /// Returns the name in Prometheus' form: `cloakroom_sign_ins` for `SignIns` in the namespace `Cloakroom/cloakroom-dev`.
    fn for_prometheus(&self) -> String {
        let (area, _) = self
            .namespace
            .split_once('/')
            .unwrap_or((&self.namespace, ""));
        format!("{}_{}", snake_case(area), snake_case(&self.name))
    }
}

async fn page(State(metrics): State<Metrics>) -> impl IntoResponse {
    (HEADERS, metrics.render())
}

/// Returns the value or the values of a metric.
fn values(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_f64).collect(),
        value => value.as_f64().into_iter().collect(),
    }
}

/// Converts a name to lower case with underscores.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    let mut follows_lower = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && follows_lower {
            text.push('_');
        }
        follows_lower = character.is_ascii_lowercase();
        text.push(match character {
            'a'..='z' | '0'..='9' => character,
            'A'..='Z' => character.to_ascii_lowercase(),
            _ => '_',
        });
    }
    text
}

/// Escapes the value of a label.
fn escape(value: &str) -> String {
    value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(metrics: &Value, members: &Value) -> String {
        let mut line = json!({
            "_aws": {
                "Timestamp": 1_796_000_000_000_u64,
                "CloudWatchMetrics": [
                    {"Namespace": "Shop/shop-dev", "Dimensions": [[]], "Metrics": metrics},
                ],
            },
        });
        let all = line.as_object_mut().unwrap();
        all.extend(members.as_object().unwrap().clone());
        line.to_string()
    }

    #[test]
    fn metrics_are_added_up_by_function() {
        let metrics = Metrics::default();
        let latency = json!([{"Name": "Latency"}]);
        let sizes = json!([{"Name": "BytesStored", "Unit": "Bytes"}]);
        metrics.read("users", &line(&latency, &json!({"Latency": 12})));
        metrics.read("users", &line(&latency, &json!({"Latency": 0.5})));
        metrics.read("signin", &line(&latency, &json!({"Latency": [1, 2]})));
        metrics.read(
            "uploads",
            &line(&sizes, &json!({"BytesStored": 7, "id": 9})),
        );
        for other in ["", "text", "{}", r#"{"_aws":{}}"#, r#"{"Latency":7}"#] {
            metrics.read("users", other);
        }
        let expected = "\
# HELP shop_bytes_stored BytesStored in Shop/shop-dev, Bytes.
# TYPE shop_bytes_stored summary
shop_bytes_stored_sum{function=\"uploads\"} 7
shop_bytes_stored_count{function=\"uploads\"} 1
# HELP shop_latency Latency in Shop/shop-dev, no unit.
# TYPE shop_latency summary
shop_latency_sum{function=\"signin\"} 3
shop_latency_count{function=\"signin\"} 2
shop_latency_sum{function=\"users\"} 12.5
shop_latency_count{function=\"users\"} 2
";
        assert_eq!(metrics.render(), expected);
    }

    #[test]
    fn names_are_in_snake_case() {
        for (name, expected) in [
            ("SignInsRefused", "sign_ins_refused"),
            ("AwsRetries", "aws_retries"),
            ("4xx-Errors", "4xx_errors"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
        assert_eq!(escape("a\"b\\c\nd"), r#"a\"b\\c\nd"#);
    }
}
