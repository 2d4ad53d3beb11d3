use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};

use crate::{history::Problem, lock::Held};

/// Why migrations cannot run. The message is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An AWS call failed.
    #[error("{action} on {table} failed: {message}")]
    Aws {
        /// The operation, as in IAM policies.
        action: &'static str,
        /// The table.
        table: String,
        /// The cause.
        message: String,
    },
    /// Another operator runs migrations.
    #[error("{0}")]
    Locked(Held),
    /// Another operator has taken the lock, or it could not be renewed in time.
    #[error(
        "this process no longer holds the lock of the migrations, because it could not renew it in time. It has stopped, and \
         what it wrote is complete. Run the same command again to continue"
    )]
    LockLost,
    /// The list of migrations does not fit what the ledger says was applied.
    #[error("{0}")]
    History(Problem),
    /// There is no migration of this number.
    #[error("there is no migration {0}. `cloakroom migrate status` lists them")]
    Unknown(u32),
    /// A migration that was not applied cannot be run again.
    #[error("migration {0} is not applied. `cloakroom migrate up` applies it")]
    NotApplied(String),
    /// A migration cannot be undone.
    #[error("{title} cannot be undone: {reason}. Migrations after it can: pass --to {number}")]
    Impossible {
        /// The migration.
        title: String,
        /// Its number.
        number: u32,
        /// The reason.
        reason: &'static str,
    },
    /// A step waits for an index that the table does not have.
    #[error(
        "{table} has no index {index}. Deploy this version's template first, then run the migration"
    )]
    NoIndex {
        /// The table.
        table: String,
        /// The index.
        index: &'static str,
    },
    /// An item changes each time before it is written.
    #[error("an item of {0} changes all the time. Run the same command again to continue")]
    KeepsChanging(String),
    /// An item of the ledger cannot be read.
    #[error("an item of {table} has no usable {attribute}")]
    Corrupt {
        /// The table.
        table: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// A field of a request is missing.
    #[error("{0}")]
    Request(#[from] BuildError),
    /// The operator pressed Ctrl-C.
    #[error("interrupted. What was written is complete; run the same command again to continue")]
    Interrupted,
}

impl Error {
    pub(crate) fn aws<E>(action: &'static str, table: &str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Self::Aws {
            action,
            table: table.to_owned(),
            message: settings::aws::explain(error),
        }
    }
}
