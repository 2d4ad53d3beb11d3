//! An invocation and its outcomes.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::sync::oneshot;

/// The maximum size of the response of a synchronous invocation: 6 MB and 100 bytes.
pub(crate) const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;

/// An invocation that is handed to an instance.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    /// When the invocation times out, in milliseconds since 1970.
    pub(crate) deadline_ms: i64,
    pub(crate) trace_id: String,
    pub(crate) event: Bytes,
    /// Receives the response or the error of the instance.
    pub(crate) reply: oneshot::Sender<Result<Bytes, Failure>>,
}

/// Why an invocation failed.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No instance became idle in time.
    #[error("no instance became idle in time")]
    Busy,
    /// The function's reserved concurrency is 0.
    #[error("throttled: its reserved concurrency is 0")]
    Throttled,
    /// The system was stopped.
    #[error("stopped with the system")]
    Stopped,
    /// The invocation exceeded the function's timeout.
    #[error("timed out after {0:?}")]
    TimedOut(Duration),
    /// The instance exited before it responded.
    #[error("crashed: {0}")]
    Crashed(String),
    /// The function reported an error, for example a panic that its runtime caught.
    #[error("failed: {0}")]
    Reported(String),
    /// The response exceeds Lambda's limit.
    #[error("the response has more than {MAX_RESPONSE} bytes")]
    TooLarge,
}

/// The outcome of an invocation.
#[derive(Debug)]
pub(crate) struct Invoked {
    /// The function's response.
    pub(crate) result: Result<Bytes, Failure>,
    /// Whether a new instance was started for it.
    pub(crate) cold_start: bool,
}
