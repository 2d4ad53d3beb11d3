use std::io;

use crate::aws::AwsError;
use crate::command::CommandError;

/// Why `cloakroom seed` failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("{0}")]
    NoSetting(#[from] settings::EnvError),
    #[error(
        "the stage prod has real users. Seed dev or qa, or pass --force if the stack {0} is not in use"
    )]
    Prod(String),
    #[error("files need owners. Pass --users with at least 1")]
    NoOwners,
    #[error(
        "there is not one bucket {prefix} at {endpoint}, but {}. Check that the stack is deployed there, or pass --stack",
        .matching.len()
    )]
    NoBucket {
        prefix: String,
        endpoint: String,
        matching: Vec<String>,
    },
    #[error("a rule refuses a person or a file that was made up: {0}. Choose another --seed")]
    Refused(&'static str),
    #[error("the password cannot be hashed: {0}")]
    Hash(#[from] auth::password::HashingError),
    #[error("{0}")]
    Store(#[from] store::StoreError),
    #[error("{0}\n  Run the same command again for the rest")]
    Stopped(Box<Error>),
    #[error("interrupted. Run the same command again for the rest")]
    Interrupted,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<domain::Invalid> for Error {
    fn from(invalid: domain::Invalid) -> Self {
        Self::Refused(invalid.code)
    }
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
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}
