use std::io;

use auth::keys::KeyError;

use crate::aws::AwsError;
use crate::command::CommandError;

/// Why a `secrets` command failed. The message is for the operator and contains no secret values.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("{0} already exists. Pass --overwrite to replace its value")]
    AlreadyExists(String),
    #[error(
        "{0:?} is not a valid name. Use letters, digits, _ . and -, in parts separated by /, for example smtp/password"
    )]
    InvalidName(String),
    #[error("the value is not valid; it must be {0}")]
    InvalidStripeSecret(&'static str),
    #[error("the value is empty. Nothing was written")]
    EmptyValue,
    #[error(
        "the value has {0} bytes, but a standard parameter holds at most 4096. Nothing was written"
    )]
    ValueTooLong(usize),
    #[error("the value is not UTF-8. Nothing was written")]
    NotUtf8,
    #[error("{0}\n  (the functions reject all keys when one is invalid, so nothing was written)")]
    InvalidKey(#[from] KeyError),
    #[error(
        "the keys of this stage are invalid: {0}\n  \
         (nothing was changed; `cloakroom secrets init` restores a missing public key)"
    )]
    UnusableKeys(#[source] KeyError),
    #[error("{0}")]
    NewKey(#[from] auth::keys::NewKeyError),
    #[error("generating an RSA key failed: {0}")]
    Rsa(String),
    #[error(
        "{name} was written, but its private key was not: {source}\n  \
         (run the command again: it creates a new key pair; the public key that was written is harmless)"
    )]
    PrivateKeyNotWritten {
        name: String,
        #[source]
        source: Box<Self>,
    },
    #[error(
        "--delay {requested} is too short: it must be at least {minimum} s. A function caches keys for up to {cache} s \
         (--cache-seconds), clients cache the JWKS for another {max_age} s, and {margin} s are reserved for retries\n  \
         (tokens signed earlier would be rejected by verifiers that do not have the new key yet)"
    )]
    DelayTooShort {
        requested: u32,
        minimum: u32,
        cache: u32,
        max_age: u32,
        margin: u32,
    },
    #[error(
        "a rotation is in progress: {name} signs from {from}. Start the next rotation after that. Nothing was changed"
    )]
    RotationInProgress { name: String, from: String },
    #[error(
        "the rotation was not finished: {source}\n  \
         (run the same command again: it continues where this one stopped)"
    )]
    RotationUnfinished {
        #[source]
        source: Box<Self>,
    },
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
