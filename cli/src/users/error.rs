use std::io;

use crate::aws::AwsError;

/// Why a command did not do what it was asked to. The text is for the person who typed it, and names no hash.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error(
        "there is no table {stack}-{table} at {endpoint}: is the stack deployed there, and called so? \
         --stack names another, --credentials-table and --users-table name the tables themselves"
    )]
    NoTable {
        stack: String,
        table: &'static str,
        endpoint: String,
    },
    #[error(
        "which of these is meant: {}? An old stack may have left one. \
         --credentials-table and --users-table decide", .0.join(", ")
    )]
    SeveralTables(Vec<String>),
    #[error("{0}")]
    NoSetting(#[from] settings::EnvError),
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, io::Error),
    #[error("{bad} of {lines} lines cannot be imported: nothing was written")]
    BadLines { bad: usize, lines: usize },
    #[error(
        "{cause}\n  {done} of {all} accounts are done; run the same command again for the others"
    )]
    Stopped {
        cause: store::StoreError,
        done: usize,
        all: usize,
    },
    #[error(
        "interrupted: {done} of {all} accounts are done; run the same command again for the others"
    )]
    Interrupted { done: usize, all: usize },
    #[error("{0}")]
    Store(#[from] store::StoreError),
    #[error("there is no account with the address {0}")]
    NoAccount(String),
    #[error("the account changes faster than it can be read; try again")]
    Restless,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Error {
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            // As shells say it: 128 and the number of SIGINT.
            Self::Interrupted { .. } => 130,
            _ => 1,
        }
    }
}
