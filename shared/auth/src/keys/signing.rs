use std::{borrow::Cow, fmt};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};
use serde::Deserialize;
use time::OffsetDateTime;

use super::{
    Algorithm, KeyError, KeyProblem, VerifyingKeys,
    jwk::{Material, time_of},
};
use crate::crypto::{self, PrivateKey};

#[derive(Deserialize)]
struct Parameter<'a> {
    #[serde(borrow)]
    kid: Cow<'a, str>,
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    nbf: i64,
}

/// A signing key.
pub struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    from: i64,
    encoding: EncodingKey,
}

/// A parsed private parameter, with its public half.
pub(super) struct Private<'a> {
    kid: Cow<'a, str>,
    pub(super) algorithm: Algorithm,
    raw: Zeroizing<Vec<u8>>,
    pub(super) public: Material,
    from: i64,
}

impl<'a> Private<'a> {
    /// Reads the name from a value.
    pub(super) fn kid(value: &str) -> Result<String, KeyProblem> {
        let parameter: Parameter<'_> =
            serde_json::from_str(value).map_err(|_| KeyProblem::Malformed)?;
        Ok(parameter.kid.into_owned())
    }

    pub(super) fn parse(name: &str, value: &'a str) -> Result<Self, KeyProblem> {
        let Parameter { kid, alg, key, nbf } =
            serde_json::from_str(value).map_err(|_| KeyProblem::Malformed)?;
        if kid != name {
            return Err(KeyProblem::KidMismatch);
        }
        let algorithm = Algorithm::parse(&alg).ok_or(KeyProblem::UnknownAlgorithm)?;
        let raw = URL_SAFE_NO_PAD
            .decode(key.as_bytes())
            .map_err(|_| KeyProblem::Malformed)?;
        let raw = Zeroizing::new(raw);
        let pair = PrivateKey::parse(algorithm.jwt(), &raw).map_err(|_| KeyProblem::Invalid)?;
        let public = Material::of_private(&pair, &raw)?;
        Ok(Self {
            kid,
            algorithm,
            raw,
            public,
            from: nbf,
        })
    }

    fn encoding_key(&self) -> EncodingKey {
        match self.algorithm {
            Algorithm::HS256 => EncodingKey::from_secret(&self.raw),
            Algorithm::RS256 => EncodingKey::from_rsa_der(&self.raw),
            Algorithm::ES256 => EncodingKey::from_ec_der(&self.raw),
            Algorithm::EdDSA => EncodingKey::from_ed_der(&self.raw),
        }
    }
}

/// Returns the value of `keys/public/{kid}` for a value of `keys/private/{kid}`.
///
/// # Errors
/// When the private key is invalid.
pub fn public_half(kid: &str, private: &SecretString) -> Result<SecretString, KeyError> {
    let private = Private::parse(kid, private.expose_secret()).map_err(|p| p.of(kid))?;
    Ok(private
        .public
        .jwk(kid, private.algorithm)
        .to_string()
        .into())
}

impl SigningKey {
    fn parse(name: &str, value: &str, published: &VerifyingKeys) -> Result<Self, KeyProblem> {
        let private = Private::parse(name, value)?;
        let half = published.get(name).ok_or(KeyProblem::NotPublished)?;
        if !half.is_half_of(private.algorithm, &private.public) {
            return Err(KeyProblem::NotAPair);
        }
        let encoding = private.encoding_key();
        let Private {
            kid,
            algorithm,
            from,
            ..
        } = private;
        Ok(Self {
            kid: kid.into_owned(),
            algorithm,
            from,
            encoding,
        })
    }

    /// Returns its name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the time from which it signs.
    #[must_use]
    pub fn signs_from(&self) -> OffsetDateTime {
        time_of(self.from)
    }

    pub(crate) const fn encoding_key(&self) -> &EncodingKey {
        &self.encoding
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// No key signs yet: every `nbf` is in the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no signing key is in force yet: every nbf is in the future")]
pub struct NoSigningKey;

/// All signing keys: the one in force and the next.
#[derive(Debug)]
pub struct SigningKeys(Vec<SigningKey>);

impl SigningKeys {
    /// Parses the parameters under `keys/private`, with names relative to it: `parameters.under("keys/private")`.
    /// The public half of each must be among `published`; otherwise its tokens could not be verified.
    ///
    /// # Errors
    /// When there are none, or one is invalid or not published.
    pub fn from_parameters<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a SecretString)>,
        published: &VerifyingKeys,
    ) -> Result<Self, KeyError> {
        crypto::install();
        let parse = |(name, value): (&str, &SecretString)| {
            SigningKey::parse(name, value.expose_secret(), published).map_err(|p| p.of(name))
        };
        let mut keys = parameters
            .into_iter()
            .map(parse)
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(KeyError::NoKeys);
        }
        keys.sort_by(|a, b| (a.from, &a.kid).cmp(&(b.from, &b.kid)));
        match keys.windows(2).find(|two| two[0].kid == two[1].kid) {
            Some(two) => Err(KeyProblem::Duplicate.of(&two[0].kid)),
            None => Ok(Self(keys)),
        }
    }

    /// Returns all keys, in the order in which they sign.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &SigningKey> {
        self.0.iter()
    }

    /// Returns the key in force: the one with the greatest `nbf` that is not after `now`.
    ///
    /// # Errors
    /// When no key is in force yet.
    pub fn current(&self, now: OffsetDateTime) -> Result<&SigningKey, NoSigningKey> {
        let now = now.unix_timestamp();
        self.0
            .iter()
            .rev()
            .find(|key| key.from <= now)
            .ok_or(NoSigningKey)
    }
}
