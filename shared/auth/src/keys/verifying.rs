use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jsonwebtoken::DecodingKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    Algorithm, KeyError, KeyProblem,
    jwk::{Jwk, Material, time_of, with_member},
};
use crate::crypto;

/// A verifying key, pinned to one algorithm.
pub struct VerifyingKey {
    algorithm: Algorithm,
    until: Option<i64>,
    decoding: DecodingKey,
    material: Material,
}

impl VerifyingKey {
    fn parse(name: &str, value: &str) -> Result<Self, KeyProblem> {
        let jwk: Jwk<'_> = serde_json::from_str(value).map_err(|_| KeyProblem::Malformed)?;
        if jwk.kid != name {
            return Err(KeyProblem::KidMismatch);
        }
        let algorithm = Algorithm::parse(&jwk.alg).ok_or(KeyProblem::UnknownAlgorithm)?;
        let material = Material::of_jwk(algorithm, &jwk)?;
        Ok(Self {
            algorithm,
            until: jwk.exp,
            decoding: material.decoding_key(),
            material,
        })
    }

    /// Returns the only algorithm that a token of this key may have.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the time until which it verifies, if that is limited.
    #[must_use]
    pub fn until(&self) -> Option<OffsetDateTime> {
        self.until.map(time_of)
    }

    /// Returns whether it verifies at `now`.
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.until.is_none_or(|until| now.unix_timestamp() < until)
    }

    pub(crate) const fn decoding_key(&self) -> &DecodingKey {
        &self.decoding
    }

    pub(super) fn is_half_of(&self, algorithm: Algorithm, public: &Material) -> bool {
        self.algorithm == algorithm && self.material == *public
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Returns the value of `keys/public/{kid}` with which the key verifies until a time.
///
/// # Errors
/// When the key is invalid.
pub fn verifying_until(
    kid: &str,
    public: &SecretString,
    until: OffsetDateTime,
) -> Result<SecretString, KeyError> {
    VerifyingKey::parse(kid, public.expose_secret()).map_err(|p| p.of(kid))?;
    with_member(public, "exp", until).ok_or_else(|| KeyProblem::Malformed.of(kid))
}

/// All verifying keys, by `kid`.
#[derive(Debug)]
pub struct VerifyingKeys(BTreeMap<String, VerifyingKey>);

impl VerifyingKeys {
    /// Parses the parameters under `keys/public`, with names relative to it: `parameters.under("keys/public")` if the
    /// parameters were loaded from `/cloakroom/{env}`, `parameters.under("")` if from `/cloakroom/{env}/keys/public`.
    ///
    /// # Errors
    /// When there are none, or one is invalid.
    pub fn from_parameters<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a SecretString)>,
    ) -> Result<Self, KeyError> {
        crypto::install();
        let mut keys = BTreeMap::new();
        for (name, value) in parameters {
            let key = VerifyingKey::parse(name, value.expose_secret()).map_err(|p| p.of(name))?;
            if keys.insert(name.to_owned(), key).is_some() {
                return Err(KeyProblem::Duplicate.of(name));
            }
        }
        if keys.is_empty() {
            Err(KeyError::NoKeys)
        } else {
            Ok(Self(keys))
        }
    }

    /// Checks what parsing skips to keep start-up fast. Programs that write keys call it.
    ///
    /// # Errors
    /// When a key has the right form but is invalid, so that it verifies nothing.
    pub fn validate(&self) -> Result<(), KeyError> {
        self.0
            .iter()
            .try_for_each(|(kid, key)| key.material.validate().map_err(|p| p.of(kid)))
    }

    /// Returns the key of this name, live or not.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.0.get(kid)
    }

    /// Returns all keys, live or not, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &VerifyingKey)> {
        self.0.iter().map(|(kid, key)| (kid.as_str(), key))
    }

    /// Returns the algorithms of the live keys.
    #[must_use]
    pub fn algorithms(&self, now: OffsetDateTime) -> BTreeSet<Algorithm> {
        self.live(now).map(|(_, key)| key.algorithm).collect()
    }

    /// Returns the JWK set to publish (RFC 7517, section 5): the public members of live keys, never an HMAC key.
    #[must_use]
    pub fn jwks(&self, now: OffsetDateTime) -> Value {
        let keys = self.live(now).filter(|(_, key)| key.material.is_public());
        let keys: Vec<_> = keys
            .map(|(kid, key)| key.material.jwk(kid, key.algorithm))
            .collect();
        json!({ "keys": keys })
    }

    fn live(&self, now: OffsetDateTime) -> impl Iterator<Item = (&String, &VerifyingKey)> {
        self.0.iter().filter(move |(_, key)| key.is_live(now))
    }
}
