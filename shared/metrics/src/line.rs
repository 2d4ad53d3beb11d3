use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::{Metric, Value};

/// Returns a log line: `fields`, and the metrics in `CloudWatch`'s embedded metric format.
///
/// A line without metrics has no `_aws`. `at` is the time in milliseconds since 1970.
///
/// # Errors
/// When a field cannot be serialized as JSON.
pub fn document<F: Serialize>(
    namespace: &str,
    at: i64,
    fields: &F,
    metrics: &[(Metric, Value)],
) -> serde_json::Result<String> {
    let definitions = metrics.iter().map(|(metric, _)| Definition::of(*metric));
    let directive = Directive {
        namespace,
        dimensions: [[]],
        metrics: definitions.collect(),
    };
    let metadata = Metadata {
        timestamp: at,
        directives: [directive],
    };
    serde_json::to_string(&Document {
        fields,
        metrics: Values(metrics),
        metadata: (!metrics.is_empty()).then_some(metadata),
    })
}

/// A line. The fields are first, for readers of `cargo run`'s output.
#[derive(Serialize)]
struct Document<'a, F> {
    #[serde(flatten)]
    fields: &'a F,
    #[serde(flatten)]
    metrics: Values<'a>,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
}

struct Values<'a>(&'a [(Metric, Value)]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (metric, value) in self.0 {
            map.serialize_entry(metric.name(), value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    /// One set of no dimensions. An empty list of sets is invalid.
    dimensions: [[&'a str; 0]; 1],
    metrics: Vec<Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
}

impl Definition {
    const fn of(metric: Metric) -> Self {
        Self {
            name: metric.name(),
            unit: metric.unit().name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Fields {
        id: &'static str,
    }

    fn line(metrics: &[(Metric, Value)]) -> String {
        document(
            "Cloakroom/test",
            1_796_000_000_000,
            &Fields { id: "a\n\"" },
            metrics,
        )
        .unwrap()
    }

    #[test]
    fn a_line_has_its_metrics_in_the_embedded_metric_format() {
        let metrics = [
            (Metric::Latency, Value::whole(12)),
            (Metric::BytesStored, Value::whole(5)),
        ];
        assert_eq!(
            line(&metrics),
            r#"{"id":"a\n\"","Latency":12,"BytesStored":5,"_aws":{"Timestamp":1796000000000,"CloudWatchMetrics":[{"Namespace":"Cloakroom/test","Dimensions":[[]],"Metrics":[{"Name":"Latency"},{"Name":"BytesStored","Unit":"Bytes"}]}]}}"#
        );
    }

    #[test]
    fn a_line_without_metrics_has_no_metadata() {
        assert_eq!(line(&[]), r#"{"id":"a\n\""}"#);
    }
}
