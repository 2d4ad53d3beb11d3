//! A `CryptoProvider` of `jsonwebtoken` that uses ring, which is already linked for TLS.
//! It supports HS256, RS256, ES256 (RFC 7518, section 3) and `EdDSA` with Ed25519 (RFC 8037); other algorithms are errors.

mod sign;
mod verify;

use jsonwebtoken::{
    crypto::{CryptoProvider, KeyUtils},
    errors::{ErrorKind, Result, new_error},
};
pub(crate) use sign::PrivateKey;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: sign::signer,
    verifier_factory: verify::verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| unsupported(),
        rsa_pub_components_from_public_key: |_| unsupported(),
        ec_pub_components_from_private_key: |_, _| unsupported(),
        ed_pub_components_from_private_key: |_, _| unsupported(),
        compute_digest: |_, _| unsupported(),
    },
};

/// Installs ring as the provider of the process. Every key set calls it, so no key is used without it.
pub(crate) fn install() {
    // The only error is that it is already installed.
    let _ = PROVIDER.install_default();
}

fn unsupported<T>() -> Result<T> {
    Err(new_error(ErrorKind::UnsupportedAlgorithm))
}

#[cfg(test)]
mod tests;
