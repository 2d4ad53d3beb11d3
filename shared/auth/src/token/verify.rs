use std::collections::HashSet;

use jsonwebtoken::Validation;
use time::OffsetDateTime;

use super::{TokenPolicy, claims::Claims, header::Header};
use crate::{
    Caller,
    keys::{VerifyingKey, VerifyingKeys},
};

/// Ours have about 600 bytes (RS256 with 4096 bits: 1,200); nothing longer is worth parsing.
const MAX_BYTES: usize = 8 * 1024;

/// Why a token is not accepted: for the log. The caller is told 401 and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Over 8 KiB.
    #[error("is too long")]
    TooLong,
    /// Not three parts, or the header is not base64url or not a JSON object without doubles.
    #[error("is no JWT")]
    Malformed,
    /// A header member that would choose the key or the rules.
    #[error("has the header {0}")]
    RefusedHeader(&'static str),
    /// `typ`, `alg` or `kid` is missing or not a string.
    #[error("has no header {0}")]
    MissingHeader(&'static str),
    /// `typ` is not `at+jwt`: some other kind of JWT.
    #[error("is no access token by its typ")]
    WrongType,
    /// No live key has this `kid`.
    #[error("names a key that is unknown or past its time")]
    UnknownKey,
    /// `alg` is not the algorithm its key is pinned to.
    #[error("names another algorithm than its key's")]
    WrongAlgorithm,
    /// The signature is not by that key over these bytes.
    #[error("has a bad signature")]
    BadSignature,
    /// Signed by us, yet a claim is missing, doubled or of the wrong type.
    #[error("lacks a claim, or has one of the wrong type")]
    BadClaims,
    /// `iss` is not ours.
    #[error("is from another issuer")]
    WrongIssuer,
    /// `aud` does not contain ours.
    #[error("is for another audience")]
    WrongAudience,
    /// `exp` has passed.
    #[error("has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("is not valid yet")]
    NotYetValid,
    /// `sub` or `sid` is no id.
    #[error("names no user or no session")]
    BadSubject,
}

/// Verifies an access token at `now`: 60 seconds of leeway, everything else exact.
///
/// # Errors
/// Whenever anything about it is not as we would have issued it.
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

/// The claims, once the signature is seen to be the key's. Their meaning is checked by us: the library asks the
/// machine's clock, takes `iss` from a list, and takes fractions for times.
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
