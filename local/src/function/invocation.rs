//! One invocation and what can become of it.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::sync::oneshot;

/// An event on its way to an instance.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    /// When the time is up, in milliseconds since 1970.
    pub(crate) deadline_ms: i64,
    pub(crate) trace_id: String,
    pub(crate) event: Bytes,
    /// Where the instance's word goes.
    pub(crate) reply: oneshot::Sender<Result<Bytes, Failure>>,
}

/// Why an invocation has no answer.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No instance was free in time.
    #[error("no instance became free in time")]
    Busy,
    /// The system stops.
    #[error("ended with the system")]
    Stopped,
    /// The time of the invocation ran out.
    #[error("timed out after {0:?}")]
    TimedOut(Duration),
    /// The instance ended before it answered.
    #[error("crashed: {0}")]
    Crashed(String),
    /// The function reported an error of its own, such as a panic that its runtime caught.
    #[error("failed: {0}")]
    Reported(String),
    /// The answer is larger than Lambda lets through.
    #[error("answered with more than {limit} bytes", limit = super::runtime_api::MAX_RESPONSE)]
    TooLarge,
}

/// The outcome of an invocation.
#[derive(Debug)]
pub(crate) struct Invoked {
    /// The function's answer.
    pub(crate) result: Result<Bytes, Failure>,
    /// Whether an instance was started for it.
    pub(crate) cold_start: bool,
}
