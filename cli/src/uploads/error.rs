use std::io;

use crate::aws::AwsError;

/// Why a command did not do what it was asked to. The text is for the person who typed it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error(
        "there is no {what} {stack}-{resource} at {endpoint}. Check that the stack is deployed there; --stack names \
         another stack, {option} the {what} itself"
    )]
    NotFound {
        what: &'static str,
        stack: String,
        resource: &'static str,
        endpoint: String,
        option: &'static str,
    },
    #[error("several names fit: {}. Choose one with {option}", .names.join(", "))]
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
        "{key} is locked in compliance mode until {until}. S3 lets no user of the AWS account lift or shorten such a \
         lock, the root user included. Nothing was changed; the lock ends by itself"
    )]
    Compliance { key: String, until: String },
    #[error("{0} was locked again at the same time. Run the command again to lift that lock, too")]
    LockedAgain(String),
    #[error("{0}")]
    Io(#[from] io::Error),
}
