use std::{io, path::PathBuf};

use sam_template::TemplateError;
use thiserror::Error;

use crate::{data_dir::DataDirError, dynamodb::DatabaseError, ports::PortError};

/// Why the local system cannot start. The message is for the developer.
#[derive(Debug, Error)]
pub enum DevError {
    /// The template cannot be read.
    #[error("{path} cannot be read: {error}", path = path.display())]
    ReadTemplate {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// There is no template.
    #[error(
        "there is no {path}{place}. It defines what the system runs. Go to the folder of the project and try again, or pass its \
         template with --template FILE",
        path = path.display(),
        place = searched.as_ref().map_or(String::new(), |folder| format!(" in {} or a folder above it", folder.display())),
    )]
    NoTemplate {
        /// The file.
        path: PathBuf,
        /// The folder from which it was searched for upwards.
        searched: Option<PathBuf>,
    },
    /// The template or a parameter is invalid.
    #[error("{path}: {error}", path = path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// The error.
        error: TemplateError,
    },
    /// A function has no executable.
    #[error("there is no executable for {function} at {path}; build the functions first", path = path.display())]
    NoBootstrap {
        /// The function.
        function: String,
        /// The expected path.
        path: PathBuf,
    },
    /// The API document is not JSON.
    #[error("the API document is invalid: {0}")]
    ApiDocument(serde_json::Error),
    /// A port is not available.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The messages of the queues cannot be read or written.
    #[error("the queues cannot be opened: {0}")]
    Queues(rusqlite::Error),
    /// The buckets cannot be read or written.
    #[error("the buckets cannot be opened: {0}")]
    Buckets(io::Error),
    /// The SSM parameters cannot be read or written.
    #[error("the parameter store cannot be used: {0}")]
    Parameters(String),
    /// The file with the secret key, the sent e-mails or the stream checkpoints cannot be read.
    #[error("{path} cannot be read: {error}", path = path.display())]
    StateFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// Another operating system error.
    #[error("{what}: {error}")]
    Io {
        /// The failed action.
        what: &'static str,
        /// The cause.
        error: io::Error,
    },
}

impl DevError {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { what, error }
    }
}
