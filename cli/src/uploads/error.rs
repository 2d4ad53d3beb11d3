use std::io;

use crate::aws::AwsError;
use crate::command::CommandError;

/// Why an `uploads` command failed. The message is for the operator.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error(
        "there is no {what} {stack}-{resource} at {endpoint}. Check that the stack is deployed there, or pass --stack for \
         another stack or {option} for another {what}"
    )]
    NotFound {
        what: &'static str,
        stack: String,
        resource: &'static str,
        endpoint: String,
        option: &'static str,
    },
    #[error("several names match: {}. Choose one with {option}", .names.join(", "))]
    Ambiguous {
        names: Vec<String>,
        option: &'static str,
    },
    #[error("{0}")]
    NoSetting(#[from] settings::EnvError),
    #[error("{0}")]
    Store(#[from] store::StoreError),
    #[error(
        "there is no upload {key}: neither a record in {table} nor a file in {bucket}. Check the ids of the user and of \
         the upload"
    )]
    NoUpload {
        key: String,
        table: String,
        bucket: String,
    },
    #[error(
        "{key} is locked in compliance mode until {until}. S3 allows no user of the AWS account, including \
         root, to remove or shorten such a lock. Nothing was changed. Wait until the lock ends"
    )]
    Compliance { key: String, until: String },
    #[error("{0} was locked again at the same time. Run the command again to remove that lock too")]
    LockedAgain(String),
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
