use std::io;

use crate::aws::AwsError;
use crate::command::CommandError;

/// Why a `users` command failed. The message is for the operator and contains no password hash.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("{0}")]
    NoSetting(#[from] settings::EnvError),
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, io::Error),
    #[error("{bad} of {lines} lines cannot be imported. Nothing was written")]
    BadLines { bad: usize, lines: usize },
    #[error(
        "{cause}\n  {done} of {all} accounts were processed; run the same command again for the rest"
    )]
    Stopped {
        cause: store::StoreError,
        done: usize,
        all: usize,
    },
    #[error(
        "interrupted: {done} of {all} accounts were processed; run the same command again for the rest"
    )]
    Interrupted { done: usize, all: usize },
    #[error("{0}")]
    Store(#[from] store::StoreError),
    #[error("there is no account with {0}. Check the spelling and --env")]
    NoAccount(String),
    #[error("no name begins with {0:?}. Check the spelling and --env")]
    NoName(String),
    #[error("this is not the e-mail address of the account. Nothing was deleted")]
    NotConfirmed,
    #[error("{0} cannot be written: {1}")]
    Unwritable(String, io::Error),
    #[error("the account keeps changing while it is updated. Try again")]
    AccountKeepsChanging,
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
            Self::Interrupted { .. } => 130,
            _ => 1,
        }
    }
}
