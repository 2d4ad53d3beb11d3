//! tests/cost/prices.json: the prices of AWS, and the measured and assumed durations.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub region: String,
    /// The day on which the prices were looked up.
    pub date: String,
    /// Prices for requests.
    pub requests: BTreeMap<String, Price>,
    /// Prices for a month.
    pub months: BTreeMap<String, Price>,
    pub log_bytes: LogBytes,
    /// Assumed milliseconds that a request to a service takes: `dynamodb`, `s3`, `ses`.
    pub waits_ms: BTreeMap<String, f64>,
    /// Measured CPU time of a warm request without a hash, by function.
    pub cpu_ms: BTreeMap<String, f64>,
    /// Measured CPU time of a start, by function.
    pub start_cpu_ms: BTreeMap<String, f64>,
    /// Measured CPU time of a hash, by bcrypt cost.
    pub hash_ms: BTreeMap<String, f64>,
    /// Sign-ins in a control group, by bcrypt cost.
    pub limited_sign_ins: BTreeMap<String, Limited>,
}

/// Measured durations with a part of a CPU.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limited {
    /// The CPU time of a sign-in.
    pub cpu_ms: f64,
    /// The median duration, by MB of memory.
    pub measured_ms: BTreeMap<String, f64>,
}

/// A price of AWS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub dollars: f64,
    pub unit: String,
    pub of: String,
    /// The name of AWS's page.
    pub page: String,
}

/// Bytes of logs for each request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogBytes {
    /// Of the function's line, at most (`tests/cost/meter.rs` checks it).
    pub line: u32,
    /// Of the line in the access log.
    pub access: u32,
}

impl Prices {
    pub fn read() -> Self {
        serde_json::from_str(include_str!("prices.json")).unwrap()
    }

    pub fn of(&self, name: &str) -> f64 {
        self.requests[name].dollars
    }

    pub fn month(&self, name: &str) -> f64 {
        self.months[name].dollars
    }
}
