use std::io;

use crate::{aws::AwsError, command::CommandError};

/// Why a `migrate` command failed. The message is for the operator.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("{0}")]
    Migrate(#[from] migrations::Error),
    #[error("{0}")]
    New(#[from] migrations::NewError),
    #[error("the migrations do not fit this stack: see the lines above")]
    Problems,
    #[error("{0}")]
    Json(#[from] serde_json::Error),
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

    fn exit_code(&self) -> u8 {
        match self {
            // The shell convention: 128 plus the number of SIGINT.
            Self::Migrate(migrations::Error::Interrupted) => 130,
            _ => 1,
        }
    }
}
