//! The state of a stage's signing keys, for `cloakroom doctor`.

use auth::keys::SigningKey;
use time::OffsetDateTime;

use super::{
    Error, Store,
    keyring::{Keys, NEXT, format_time},
};
use crate::aws::{AwsError, Target};

/// The signing keys of a stage that the functions accept.
#[derive(Debug)]
pub struct KeyState {
    /// The id of the key that signs now. `None` when all private keys start to sign in the future.
    pub current: Option<String>,
    /// The id of a key that starts to sign in the future, and when.
    pub waiting: Option<(String, String)>,
    /// Whether a rotation was interrupted.
    pub is_rotation_unfinished: bool,
    /// The ids of the public keys that the API should serve.
    pub published: Vec<String>,
}

/// Why the keys cannot be used.
#[derive(Debug)]
pub enum KeyStateError {
    /// A key is missing or invalid, so the functions accept none.
    Unusable(String),
    /// The parameters cannot be read.
    Aws(AwsError),
}

/// Reads the keys in the same way as the functions.
///
/// # Errors
/// When the functions cannot use them.
pub async fn key_state(target: &Target, now: OffsetDateTime) -> Result<KeyState, KeyStateError> {
    let keys = read(target).await.map_err(|error| match error {
        Error::Aws(error) => KeyStateError::Aws(error),
        Error::UnusableKeys(error) => KeyStateError::Unusable(error.to_string()),
        error => KeyStateError::Unusable(error.to_string()),
    })?;
    let current = keys.signing.current(now).map(SigningKey::kid);
    let waiting = keys.waiting(now);
    let jwks = keys.published.jwks(now);
    let published = jwks["keys"].as_array().into_iter().flatten();
    Ok(KeyState {
        current: current.ok().map(str::to_owned),
        waiting: waiting.map(|key| (key.kid().to_owned(), format_time(key.signs_from()))),
        is_rotation_unfinished: keys.value(NEXT).is_some(),
        published: published
            .filter_map(|key| key["kid"].as_str().map(str::to_owned))
            .collect(),
    })
}

async fn read(target: &Target) -> Result<Keys, Error> {
    let store = Store::open(target).await?;
    Keys::read(&store).await
}
