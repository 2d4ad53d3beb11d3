use std::{
    io::Write as _,
    sync::{Arc, OnceLock},
};

use domain::{Clock, UserId};
use http::Extensions;
use metrics::{Metric, Value};
use serde::Serialize;
use settings::{Env, EnvError};

/// Writes one line for each invocation, with its metrics (docs/LOGGING.md). The line does not depend on `RUST_LOG`,
/// because alarms depend on the metrics.
#[derive(Debug, Clone)]
pub struct RequestLog {
    namespace: Arc<str>,
    write: fn(String),
}

/// The line of a request to the API. It has no path and no query (docs/adr/0030-logs-have-routes-not-paths.md).
#[derive(Debug, Serialize)]
pub(crate) struct RequestLine<'a> {
    pub id: &'a str,
    pub route: &'a str,
    #[serde(skip_serializing_if = "is_ok")]
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    #[serde(skip_serializing_if = "is_zero")]
    pub calls: u64,
}

/// The line of an event.
#[derive(Debug, Serialize)]
pub(crate) struct EventLine<'a> {
    pub id: &'a str,
    pub event: &'a str,
    pub ms: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    #[serde(skip_serializing_if = "is_zero")]
    pub calls: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_ok(status: &u16) -> bool {
    *status == 200
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl RequestLog {
    /// Writes to standard output, with metrics in the namespace of `METRICS_NAMESPACE`.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        Ok(Self {
            namespace: env.required("METRICS_NAMESPACE")?.into(),
            write: print,
        })
    }

    /// Writes nothing, for tests of handlers.
    #[must_use]
    pub fn discarded() -> Self {
        Self {
            namespace: "Test".into(),
            write: drop,
        }
    }

    /// Writes the line of a request.
    pub(crate) fn request(&self, clock: &Clock, took: u64, line: RequestLine<'_>) {
        // 501 says that the stack has no mail: a setting, not a failure.
        if line.status >= 500 && line.status != 501 {
            metrics::count(Metric::ServerErrors);
        }
        let counted = metrics::take();
        let mut all = vec![(Metric::Latency, Value::whole(took))];
        all.extend(counted.metrics);
        let calls = counted.calls;
        self.line(clock, &RequestLine { calls, ..line }, &all);
    }

    /// Writes the line of an event. Its time is not a `Latency`, because no client waits for it.
    pub(crate) fn event(&self, clock: &Clock, line: EventLine<'_>) {
        if line.failed {
            metrics::count(Metric::ServerErrors);
        }
        let counted = metrics::take();
        let calls = counted.calls;
        self.line(clock, &EventLine { calls, ..line }, &counted.metrics);
    }

    fn line<F: Serialize>(&self, clock: &Clock, fields: &F, metrics: &[(Metric, Value)]) {
        match metrics::document(&self.namespace, clock.epoch_ms(), fields, metrics) {
            Ok(line) => (self.write)(line),
            Err(error) => tracing::error!(%error, "line_not_written"),
        }
    }
}

/// Writes the line at once, so that no other line is inside it.
fn print(mut line: String) {
    line.push('\n');
    // Standard output is closed only when the process ends.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

/// The authenticated user of a request, for its line.
#[derive(Debug, Clone, Default)]
pub(crate) struct UserSlot(Arc<OnceLock<UserId>>);

impl UserSlot {
    pub(crate) fn get(&self) -> Option<UserId> {
        self.0.get().copied()
    }
}

/// Adds the user to the line of the request, after authentication.
pub fn log_user(extensions: &Extensions, user: UserId) {
    if let Some(UserSlot(slot)) = extensions.get() {
        // A second extractor finds the same user.
        let _ = slot.set(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_values_are_left_out() {
        let line = RequestLine {
            id: "a",
            route: "GET /b",
            status: 200,
            user: None,
            calls: 0,
        };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(text, r#"{"id":"a","route":"GET /b"}"#);
        let line = RequestLine {
            status: 201,
            calls: 2,
            ..line
        };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(
            text,
            r#"{"id":"a","route":"GET /b","status":201,"calls":2}"#
        );
        let line = EventLine {
            id: "a",
            event: "b",
            ms: 7,
            failed: false,
            calls: 0,
        };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(text, r#"{"id":"a","event":"b","ms":7}"#);
    }
}
