use std::collections::HashSet;

use jsonwebtoken::Validation;
use time::OffsetDateTime;

use super::{TokenPolicy, claims::Claims, header::Header};
use crate::{
    Caller,
    keys::{VerifyingKey, VerifyingKeys},
};

/// The longest token that is parsed. Issued tokens have about 600 bytes (RS256 with 4096 bits: 1,200).
const MAX_BYTES: usize = 8 * 1024;

/// Why a token is refused. Only the log has the reason; the caller gets a 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Over 8 KiB.
    #[error("is too long")]
    TooLong,
    /// Not three parts, or the header is not the base64url of a JSON object without duplicate members.
    #[error("is not a JWT")]
    Malformed,
    /// A header member that would choose the key or the rules of the verification.
    #[error("has the header {0}")]
    RefusedHeader(&'static str),
    /// `typ`, `alg` or `kid` is missing or not a string.
    #[error("has no header {0}")]
    MissingHeader(&'static str),
    /// `typ` is not `at+jwt`: another type of JWT.
    #[error("is not an access token by its typ")]
    WrongType,
    /// No live key has this `kid`.
    #[error("has an unknown or expired key")]
    UnknownKey,
    /// `alg` is not the algorithm that the key is pinned to.
    #[error("has another algorithm than its key")]
    WrongAlgorithm,
    /// The signature does not match the key and the bytes.
    #[error("has a bad signature")]
    BadSignature,
    /// The signature is valid, but a claim is missing, duplicate or of the wrong type.
    #[error("lacks a claim, or has one of the wrong type")]
    BadClaims,
    /// `iss` is not the accepted issuer.
    #[error("is from another issuer")]
    WrongIssuer,
    /// `aud` does not contain the accepted audience.
    #[error("is for another audience")]
    WrongAudience,
    /// `exp` has passed.
    #[error("has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("is not valid yet")]
    NotYetValid,
    /// `sub` or `sid` is not an id.
    #[error("has an invalid user or session id")]
    BadSubject,
}

/// Verifies an access token at `now`, with 60 seconds of leeway.
///
/// # Errors
/// When anything differs from how [`issue`](super::issue()) issues tokens.
pub fn verify(
    keys: &VerifyingKeys,
    policy: &TokenPolicy,
    token: &str,
    now: OffsetDateTime,
) -> Result<Caller, TokenError> {
    if token.len() > MAX_BYTES {
        return Err(TokenError::TooLong);
    }
    let mut parts = token.split('.');
    let (Some(header), Some(_), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Malformed);
    };
    let header = Header::parse(header)?;
    let key = keys
        .get(&header.kid)
        .filter(|key| key.is_live(now))
        .ok_or(TokenError::UnknownKey)?;
    if header.algorithm != key.algorithm().as_str() {
        return Err(TokenError::WrongAlgorithm);
    }
    let claims = signed_claims(key, token)?;
    claims.check(policy, now)?;
    claims.caller()
}

/// Verifies the signature, and returns the claims. [`Claims::check`] checks their values, because the library reads the
/// system clock, accepts a list of issuers, and accepts fractional times.
fn signed_claims(key: &VerifyingKey, token: &str) -> Result<Claims, TokenError> {
    let mut signature_only = Validation::new(key.algorithm().jwt());
    signature_only.required_spec_claims = HashSet::new();
    signature_only.validate_exp = false;
    signature_only.validate_aud = false;
    jsonwebtoken::decode(token, key.decoding_key(), &signature_only)
        .map(|decoded| decoded.claims)
        .map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::Json(_) => TokenError::BadClaims,
            _ => TokenError::BadSignature,
        })
}
