use jsonwebtoken::{
    Algorithm, EncodingKey,
    crypto::JwtSigner,
    errors::{ErrorKind, Result, new_error},
    signature::{Error, Signer},
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};

use super::unsupported;

/// A parsed signing key.
pub(crate) enum PrivateKey {
    Hs256(hmac::Key),
    Rs256(RsaKeyPair),
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl PrivateKey {
    /// Parses PKCS#8 DER (RFC 5958), for HS256 the raw secret. ring checks that the halves of the key match.
    pub(crate) fn parse(algorithm: Algorithm, key: &[u8]) -> Result<Self> {
        match algorithm {
            Algorithm::HS256 => Ok(Self::Hs256(hmac::Key::new(hmac::HMAC_SHA256, key))),
            Algorithm::RS256 => RsaKeyPair::from_pkcs8(key)
                .map(Self::Rs256)
                .map_err(bad_key),
            Algorithm::ES256 => EcdsaKeyPair::from_pkcs8(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                key,
                &SystemRandom::new(),
            )
            .map(Self::Es256)
            .map_err(bad_key),
            // "maybe unchecked": the version without a public key is valid too; the public key is then computed.
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8_maybe_unchecked(key)
                .map(Self::EdDsa)
                .map_err(bad_key),
            _ => unsupported(),
        }
    }

    fn sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, ring::error::Unspecified> {
        match self {
            Self::Hs256(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )?;
                Ok(signature)
            }
            Self::Es256(pair) => Ok(pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec()),
            Self::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

fn bad_key(_: ring::error::KeyRejected) -> jsonwebtoken::errors::Error {
    new_error(ErrorKind::InvalidKeyFormat)
}

struct RingSigner {
    algorithm: Algorithm,
    key: PrivateKey,
}

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        self.key.sign(message).map_err(|_| Error::new())
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the provider's signature"
)]
pub(super) fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if key.family() != algorithm.family() {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    let key = PrivateKey::parse(*algorithm, key.as_bytes())?;
    Ok(Box::new(RingSigner {
        algorithm: *algorithm,
        key,
    }))
}
