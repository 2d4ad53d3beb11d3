use std::{io, path::PathBuf};

use sam_template::TemplateError;
use thiserror::Error;

use crate::{data_dir::DataDirError, dynamodb::DatabaseError, ports::PortError};

/// Why the local system does not run, in words for the person who started it.
#[derive(Debug, Error)]
pub enum DevError {
    /// The template cannot be read.
    #[error("{path} cannot be read: {error}", path = path.display())]
    ReadTemplate {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The template, or a parameter for it, is wrong.
    #[error("{path}: {error}", path = path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: TemplateError,
    },
    /// `--parameter Env=…` and `--env` would contradict each other.
    #[error("the environment is set by --env, not by --parameter Env=…")]
    EnvParameter,
    /// A function has no executable.
    #[error("there is no executable of {function} at {path}", path = path.display())]
    NoBootstrap {
        /// The function.
        function: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A port is taken.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The buckets cannot be read or written.
    #[error("the buckets cannot be opened: {0}")]
    Buckets(io::Error),
    /// The parameters cannot be read or written.
    #[error("the parameter store cannot be used: {0}")]
    Parameters(String),
    /// The secret key, the mail that was sent, or how far streams are followed, cannot be read.
    #[error("{path} cannot be used: {error}", path = path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The operating system refuses something else.
    #[error("{what}: {error}")]
    Io {
        /// What failed.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
}

impl DevError {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { what, error }
    }
}
