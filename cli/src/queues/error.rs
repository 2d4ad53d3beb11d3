use std::io;

use crate::{aws::AwsError, command::CommandError};

/// Why a `queues` command failed. The message is for the operator.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error(
        "the stack {stack} has no queues at {endpoint}. Check that it is deployed there, or pass --stack for another stack"
    )]
    NoQueues { stack: String, endpoint: String },
    #[error("the stack has no queue {name}. Its queues are: {}", .known.join(", "))]
    NoQueue { name: String, known: Vec<String> },
    #[error("several queues match {name}: {}. Pass a whole name", .found.join(", "))]
    Ambiguous { name: String, found: Vec<String> },
    #[error("{0} has no dead-letter queue, and is not one")]
    NoDeadLetters(String),
    #[error(
        "{0} receives records of failed invocations, which have no queue to go back to. `cloakroom queues show {0}` shows them; \
         docs/OPERATIONS.md says what to do about each kind"
    )]
    NoSource(String),
    #[error("these messages are not in {queue}, or another command has just received them: {}", .ids.join(", "))]
    NoMessages { queue: String, ids: Vec<String> },
    #[error("the move ended with the status {status} after {moved} messages: {reason}")]
    Move {
        status: String,
        moved: i64,
        reason: String,
    },
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl CommandError for Error {
    fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}
