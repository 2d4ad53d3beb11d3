//! The signatures of `jsonwebtoken`, made and checked by ring, which is linked for TLS anyway.
//! HS256, RS256, ES256 (RFC 7518, section 3) and `EdDSA` with Ed25519 (RFC 8037); everything else is an error.

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

/// Makes ring the process's provider. Every set of keys calls it, so no key can be used without it.
pub(crate) fn install() {
    // The error only says that it was installed before.
    let _ = PROVIDER.install_default();
}

fn unsupported<T>() -> Result<T> {
    Err(new_error(ErrorKind::UnsupportedAlgorithm))
}

#[cfg(test)]
mod tests;
