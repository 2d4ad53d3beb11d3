use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};
use serde_json::json;
use time::OffsetDateTime;

use super::{
    Algorithm, KeyError, KeyProblem,
    jwk::{Material, text, with_member},
    signing::Private,
};
use crate::{
    crypto::PrivateKey,
    random::{self, NoRandomness},
};

/// Why a key could not be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NewKeyError {
    /// ring cannot generate RSA keys; pass one to [`NewKey::from_pkcs8_rsa`].
    #[error("RSA keys cannot be generated here")]
    RsaNotSupported,
    /// The operating system returned no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Not the PKCS#8 DER of a key of the algorithm, or too short.
    #[error("this is not a PKCS#8 key of its algorithm, or it is too short")]
    Invalid,
}

/// A new key pair, as the values of its two parameters.
#[derive(Debug)]
pub struct NewKey {
    /// The name: the JWK thumbprint (RFC 7638); random for HS256, whose thumbprint would be a hash of the secret.
    pub kid: String,
    /// The algorithm of its signatures.
    pub algorithm: Algorithm,
    /// The value of `keys/private/{kid}`.
    pub private: SecretString,
    /// The value of `keys/public/{kid}`. Secret too for HS256.
    pub public: SecretString,
}

impl NewKey {
    /// Generates a key that signs from `now` on.
    ///
    /// # Errors
    /// For RS256, and when the operating system returns no random bytes.
    pub fn generate(algorithm: Algorithm, now: OffsetDateTime) -> Result<Self, NewKeyError> {
        let rng = SystemRandom::new();
        let raw = match algorithm {
            Algorithm::HS256 => random::bytes::<32>()?.to_vec(),
            Algorithm::RS256 => return Err(NewKeyError::RsaNotSupported),
            Algorithm::ES256 => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng);
                made.map_err(|_| NoRandomness)?.as_ref().to_vec()
            }
            Algorithm::EdDSA => {
                let made = Ed25519KeyPair::generate_pkcs8(&rng);
                made.map_err(|_| NoRandomness)?.as_ref().to_vec()
            }
        };
        Self::from_raw(algorithm, &Zeroizing::new(raw), now)
    }

    /// Creates an RSA key that signs from `now` on, from PKCS#8 DER (RFC 5958, RFC 8017 appendix A.1).
    ///
    /// # Errors
    /// When it is not an RSA key of 2048 to 4096 bits.
    pub fn from_pkcs8_rsa(der: &[u8], now: OffsetDateTime) -> Result<Self, NewKeyError> {
        Self::from_raw(Algorithm::RS256, der, now)
    }

    /// Recreates a key from the value of its private parameter.
    ///
    /// # Errors
    /// When the value is invalid.
    pub fn from_private(private: &SecretString) -> Result<Self, KeyError> {
        let value = private.expose_secret();
        let kid = Private::kid(value).map_err(|problem| problem.of(""))?;
        let read = Private::parse(&kid, value).map_err(|problem| problem.of(&kid))?;
        Ok(Self {
            public: read.public.jwk(&kid, read.algorithm).to_string().into(),
            algorithm: read.algorithm,
            private: private.clone(),
            kid,
        })
    }

    /// Returns the value of `keys/private/{kid}` with which the key signs from another time on.
    ///
    /// # Errors
    /// When the private value is not a JSON object, which cannot happen for keys created here.
    pub fn signing_from(&self, from: OffsetDateTime) -> Result<SecretString, KeyError> {
        with_member(&self.private, "nbf", from)
            .ok_or(KeyProblem::Malformed)
            .map_err(|problem| problem.of(&self.kid))
    }

    fn from_raw(
        algorithm: Algorithm,
        raw: &[u8],
        now: OffsetDateTime,
    ) -> Result<Self, NewKeyError> {
        let parsed = PrivateKey::parse(algorithm.jwt(), raw).map_err(|_| NewKeyError::Invalid)?;
        let material = Material::of_private(&parsed, raw).map_err(|_| NewKeyError::Invalid)?;
        let kid = if material.is_public() {
            material.thumbprint()
        } else {
            text(&random::bytes::<16>()?)
        };
        let nbf = now.unix_timestamp();
        let private = json!({"kid": kid, "alg": algorithm.as_str(), "key": text(raw), "nbf": nbf});
        Ok(Self {
            private: private.to_string().into(),
            public: material.jwk(&kid, algorithm).to_string().into(),
            kid,
            algorithm,
        })
    }
}
