use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Serialize, Serializer};

use crate::Metric;

/// Counts in thousandths, so that half a read unit and a fraction of a millisecond are exact.
const SCALE: u64 = 1000;

/// The sums since the last line.
///
/// Lambda gives an instance one invocation at a time, so the process has a single set of counters. The calls of its
/// start belong to the first invocation.
#[derive(Debug)]
pub struct Counters {
    metrics: [AtomicU64; Metric::ALL.len()],
    calls: AtomicU64,
}

/// What happened since the last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Requests to AWS services, including repeated ones.
    pub calls: u64,
    /// The metrics that are not zero.
    pub metrics: Vec<(Metric, Value)>,
}

/// The value of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value(u64);

static COUNTERS: Counters = Counters::new();

/// Counts one.
pub fn count(metric: Metric) {
    add(metric, 1);
}

/// Adds a whole number.
pub fn add(metric: Metric, number: u64) {
    COUNTERS.add(metric, Value::whole(number));
}

/// Adds capacity units, as `DynamoDB` returns them.
pub fn add_units(metric: Metric, units: f64) {
    COUNTERS.add(metric, Value::of_units(units));
}

/// Adds milliseconds.
pub fn add_duration(metric: Metric, duration: Duration) {
    // Microseconds are thousandths of a millisecond.
    let thousandths = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    COUNTERS.add(metric, Value(thousandths));
}

/// Counts a request to an AWS service.
pub fn count_call() {
    COUNTERS.calls.fetch_add(1, Ordering::Relaxed);
}

/// Returns what was counted, and starts again at zero.
#[must_use]
pub fn take() -> Counted {
    COUNTERS.take()
}

impl Counters {
    /// Creates counters that are zero.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            metrics: [const { AtomicU64::new(0) }; Metric::ALL.len()],
            calls: AtomicU64::new(0),
        }
    }

    fn add(&self, metric: Metric, value: Value) {
        self.metrics[metric as usize].fetch_add(value.0, Ordering::Relaxed);
    }

    fn take(&self) -> Counted {
        let metrics = Metric::ALL.into_iter().zip(&self.metrics);
        Counted {
            calls: self.calls.swap(0, Ordering::Relaxed),
            metrics: metrics
                .map(|(metric, sum)| (metric, Value(sum.swap(0, Ordering::Relaxed))))
                .filter(|(_, value)| value.0 > 0)
                .collect(),
        }
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl Value {
    /// A whole number.
    #[must_use]
    pub const fn whole(number: u64) -> Self {
        Self(number.saturating_mul(SCALE))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "units are multiples of 0.5, far below 2^53; a negative number becomes 0"
    )]
    fn of_units(units: f64) -> Self {
        Self((units * 1000.0).round() as u64)
    }
}

impl Serialize for Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "sums of one invocation are far below 2^53"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(SCALE) {
            serializer.serialize_u64(self.0 / SCALE)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: Value) -> String {
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn metrics_that_are_zero_are_not_returned_and_the_others_start_again() {
        let counters = Counters::new();
        counters.add(Metric::SignIns, Value::whole(1));
        counters.add(Metric::ReadUnits, Value::of_units(0.5));
        counters.add(Metric::ReadUnits, Value::of_units(2.0));
        counters.add(Metric::WriteUnits, Value::of_units(0.0));
        counters.calls.fetch_add(3, Ordering::Relaxed);
        let expected = Counted {
            calls: 3,
            metrics: vec![
                (Metric::SignIns, Value(1000)),
                (Metric::ReadUnits, Value(2500)),
            ],
        };
        assert_eq!(counters.take(), expected);
        let nothing = Counted {
            calls: 0,
            metrics: Vec::new(),
        };
        assert_eq!(counters.take(), nothing);
    }

    #[test]
    fn values_have_no_more_digits_than_they_need() {
        assert_eq!(json(Value::whole(7)), "7");
        assert_eq!(json(Value::of_units(2.5)), "2.5");
        assert_eq!(json(Value(1)), "0.001");
        assert_eq!(json(Value::whole(5 << 40)), "5497558138880");
    }

    #[test]
    fn metrics_have_different_counters() {
        for (position, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, position);
        }
    }
}
