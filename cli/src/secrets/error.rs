use std::io;

use auth::keys::KeyError;

use crate::aws::AwsError;

/// Why a command did not do what it was asked to. The text is for the person who typed it, and names no value.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("{0} is already there: --overwrite replaces its value")]
    AlreadyThere(String),
    #[error(
        "{0:?} is no name: letters, digits, _ . - in parts separated by /, as in smtp/password"
    )]
    BadName(String),
    #[error("the value is empty: nothing was written")]
    EmptyValue,
    #[error("the value has {0} bytes, and a standard parameter holds 4096: nothing was written")]
    LongValue(usize),
    #[error("the value is not UTF-8: nothing was written")]
    NotText,
    #[error("{0}\n  (a broken key would make the functions refuse all keys: nothing was written)")]
    Key(#[from] KeyError),
    #[error(
        "the keys of this stage cannot be used as they are, and are left as they are: {0}\n  \
         (`cloakroom secrets init` makes a public half again that is missing)"
    )]
    UnusableKeys(#[source] KeyError),
    #[error("{0}")]
    NewKey(#[from] auth::keys::NewKeyError),
    #[error("making an RSA key failed: {0}")]
    Rsa(String),
    #[error(
        "{name} was written, its private half was not: {source}\n  \
         (run the command again: it starts over with a new key, and the half that is there does no harm)"
    )]
    HalfMade {
        name: String,
        #[source]
        source: Box<Self>,
    },
    #[error(
        "--delay {asked} is too short, and at least {least} is needed: a function uses the keys it has read for up to \
         {cache} s (--cache-seconds), whoever fetched the JWKS keeps it for {max_age} s more, and {margin} s are left \
         for a read that fails\n  (signed any earlier, tokens would be refused by those who do not know the key yet)"
    )]
    ShortDelay {
        asked: u32,
        least: u32,
        cache: u32,
        max_age: u32,
        margin: u32,
    },
    #[error(
        "a rotation is under way: {name} signs from {from}. The next one can begin then: nothing was changed"
    )]
    UnderWay { name: String, from: String },
    #[error(
        "the rotation began and was not finished: {source}\n  \
         (run the same command again: it goes on where this one ended)"
    )]
    Unfinished {
        #[source]
        source: Box<Self>,
    },
    #[error("{0}")]
    Io(#[from] io::Error),
}
