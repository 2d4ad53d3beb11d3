//! Durations and dollars of the rows of the table.

use std::collections::BTreeMap;

use super::{
    prices::Prices,
    table::{Row, functions},
};

/// The memory in MB at which Lambda gives a function one vCPU.
pub const FULL_MB: f64 = 1769.0;
const MB_PER_GB: f64 = 1024.0;
/// The bcrypt cost of the template's default.
pub const DEFAULT_COST: &str = "12";

/// What a million requests cost, in dollars.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dollars {
    pub api: f64,
    pub lambda: f64,
    pub tables: f64,
    pub logs: f64,
    /// Requests to S3.
    pub s3: f64,
    /// Events of S3, and mails.
    pub others: f64,
}

/// The prices, and the memory of the functions in template.yaml.
pub struct Model {
    pub prices: Prices,
    pub memory: BTreeMap<String, u32>,
}

impl Dollars {
    pub fn total(&self) -> f64 {
        self.beside_s3() + self.s3
    }

    /// The total without S3's own price.
    pub fn beside_s3(&self) -> f64 {
        self.api + self.lambda + self.tables + self.logs + self.others
    }

    pub fn plus(self, other: Self) -> Self {
        Self {
            api: self.api + other.api,
            lambda: self.lambda + other.lambda,
            tables: self.tables + other.tables,
            logs: self.logs + other.logs,
            s3: self.s3 + other.s3,
            others: self.others + other.others,
        }
    }
}

impl Model {
    pub fn read() -> Self {
        let functions = functions().into_iter();
        Self {
            prices: Prices::read(),
            memory: functions
                .map(|function| (function.logical_id, function.memory_mb))
                .collect(),
        }
    }

    /// The cost of a million requests or events of this kind with the template's memory.
    pub fn dollars(&self, row: &Row, bcrypt_cost: &str) -> Dollars {
        let memory = f64::from(self.memory[&row.function]);
        let price = |name: &str| self.prices.of(name);
        // Events of S3, and those that the relay puts on the bus.
        let is_event = matches!(
            row.operation.as_str(),
            "Object Created" | "aws:dynamodb, event-relay"
        );
        // A message is received and deleted; the rule that sends it is free.
        let is_message = row.operation.starts_with("aws:sqs");
        Dollars {
            api: if row.is_request() {
                price("api_request")
            } else {
                0.0
            },
            lambda: self.lambda(row, memory, bcrypt_cost),
            tables: row.reads * price("read_unit") + row.writes * price("write_unit"),
            logs: self.log_bytes(row) * price("log_gb") / 1000.0,
            s3: count(row.s3_puts) * price("s3_put") + count(row.s3_gets) * price("s3_get"),
            others: count(row.mails) * price("mail")
                + if is_event { price("event") } else { 0.0 }
                + if is_message {
                    2.0 * price("queue_request")
                } else {
                    0.0
                },
        }
    }

    /// The invocations and the GB-seconds of a million requests.
    pub fn lambda(&self, row: &Row, memory: f64, bcrypt_cost: &str) -> f64 {
        let seconds = self.milliseconds(row, memory, bcrypt_cost) / 1000.0;
        let gb_seconds = seconds * memory / MB_PER_GB;
        self.prices.of("lambda_request") + gb_seconds * self.prices.of("lambda_gb_second")
    }

    /// The duration of a warm invocation: the waits for other services, one after the other, and the CPU time with the part of
    /// a vCPU that the memory gives. Lambda bills whole milliseconds.
    pub fn milliseconds(&self, row: &Row, memory: f64, bcrypt_cost: &str) -> f64 {
        let hash = self.prices.hash_ms[bcrypt_cost] * count(row.hashes);
        let cpu = self.prices.cpu_ms[&row.function] + hash;
        let part = (memory / FULL_MB).min(1.0);
        (self.waits(row) + cpu / part).ceil()
    }

    fn waits(&self, row: &Row) -> f64 {
        let wait = |name: &str| self.prices.waits_ms[name];
        let s3 = row.s3_puts + row.s3_gets + row.s3_deletions;
        let tables = row.calls - s3 - row.mails - row.others;
        count(tables) * wait("dynamodb")
            + count(s3) * wait("s3")
            + count(row.mails) * wait("ses")
            + count(row.others) * wait("others")
    }

    fn log_bytes(&self, row: &Row) -> f64 {
        let bytes = &self.prices.log_bytes;
        f64::from(bytes.line + if row.is_request() { bytes.access } else { 0 })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one request")]
fn count(number: u64) -> f64 {
    number as f64
}
