//! Keys for tests, generated when a test first needs them, so that no key is in the repository.

use std::sync::OnceLock;

use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey as _, rand_core::OsRng};
use secrecy::SecretString;
use time::{OffsetDateTime, macros::datetime};

use super::{Algorithm, NewKey, SigningKeys, VerifyingKeys};

/// The time of all tests.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);

/// Returns a new key of this algorithm that signs from `NOW` on. RSA keys are shared: generating one takes a second.
pub(crate) fn new_key(algorithm: Algorithm) -> NewKey {
    static RSA: OnceLock<Vec<u8>> = OnceLock::new();
    match algorithm {
        Algorithm::RS256 => {
            NewKey::from_pkcs8_rsa(RSA.get_or_init(|| rsa_pkcs8(2048)), NOW).unwrap()
        }
        _ => NewKey::generate(algorithm, NOW).unwrap(),
    }
}

pub(crate) fn rsa_pkcs8(bits: usize) -> Vec<u8> {
    let key = RsaPrivateKey::new(&mut OsRng, bits).unwrap();
    key.to_pkcs8_der().unwrap().as_bytes().to_vec()
}

/// Returns the key sets of these keys.
pub(crate) fn key_sets(keys: &[&NewKey]) -> (SigningKeys, VerifyingKeys) {
    let public: Vec<(&str, &SecretString)> = keys
        .iter()
        .map(|key| (key.kid.as_str(), &key.public))
        .collect();
    let private = keys.iter().map(|key| (key.kid.as_str(), &key.private));
    let verifying = VerifyingKeys::from_parameters(public).unwrap();
    (
        SigningKeys::from_parameters(private, &verifying).unwrap(),
        verifying,
    )
}
