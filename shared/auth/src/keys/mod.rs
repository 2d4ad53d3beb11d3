//! The keys of access tokens, parsed once from their parameters.
//!
//! - `keys/private/{kid}`: `{"kid","alg","key","nbf"}`; `key` is base64url of PKCS#8 DER (RFC 5958; for HS256 the raw
//!   secret), `nbf` the Unix time from which it signs.
//! - `keys/public/{kid}`: a JWK (RFC 7517) with `kid` and `alg`, and `exp`, the Unix time until which it verifies.
//!
//! Two keys may be live at once: a rotation publishes the next key long before it signs (docs/adr/0022). `keys/next` is
//! the private value of a key that a rotation is about to publish; no function reads it.

mod algorithm;
mod error;
mod jwk;
mod new;
mod pairs;
mod signing;
mod verifying;

pub use algorithm::Algorithm;
pub use error::{KeyError, KeyProblem};
pub use new::{NewKey, NewKeyError};
pub use pairs::KeyPairs;
pub use signing::{NoSigningKey, SigningKey, SigningKeys, public_half};
pub use verifying::{VerifyingKey, VerifyingKeys, verifying_until};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
