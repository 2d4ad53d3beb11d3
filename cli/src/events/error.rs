use std::io;

use crate::{aws::AwsError, command::CommandError};

/// Why an `events` command failed. The message is for the operator.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error(
        "the item {key} of {table} cannot be read: {cause}. Correct it, or run the command of the version that wrote it, and run \
         this command again"
    )]
    Item {
        table: String,
        key: String,
        cause: String,
    },
    #[error(
        "an event cannot be written: {0}. Correct the times of its item and run this command again"
    )]
    Unwritable(String),
    #[error(
        "the event bus {bus} refused an event: {code}. The events before it were sent; run this command again to send all"
    )]
    Refused { bus: String, code: String },
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
