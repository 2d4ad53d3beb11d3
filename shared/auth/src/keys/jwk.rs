use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use ring::{agreement, digest, rand::SystemRandom, signature::KeyPair as _};
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, json};
use time::{OffsetDateTime, macros::datetime};

use super::{Algorithm, KeyProblem};
use crate::crypto::PrivateKey;

/// The minimum of RFC 7518, section 3.2: the length of the hash.
const MIN_HMAC_BYTES: usize = 32;
/// The minimum of RFC 7518, section 3.3: 2048 bits, so 256 bytes of which the first is at least 0x80.
const MIN_RSA_BYTES: usize = 256;
/// The maximum that ring verifies: 8192 bits.
const MAX_RSA_BYTES: usize = 1024;

/// The last second that RFC 3339 can express.
const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);

/// The members of a public parameter. Unknown members are ignored (RFC 7517, section 4); a private one is refused.
#[derive(Deserialize)]
pub(super) struct Jwk<'a> {
    #[serde(borrow)]
    pub(super) kid: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) alg: Cow<'a, str>,
    kty: Cow<'a, str>,
    #[serde(rename = "use")]
    purpose: Option<Cow<'a, str>>,
    crv: Option<Cow<'a, str>>,
    x: Option<Cow<'a, str>>,
    y: Option<Cow<'a, str>>,
    n: Option<Cow<'a, str>>,
    e: Option<Cow<'a, str>>,
    k: Option<Cow<'a, str>>,
    d: Option<IgnoredAny>,
    pub(super) exp: Option<i64>,
}

/// The key material that verifies: a public key, or an HMAC secret.
#[derive(PartialEq, Eq)]
pub(super) enum Material {
    Hmac(Zeroizing<Vec<u8>>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// 4, x, y (SEC 1, section 2.3.3, uncompressed).
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Material {
    /// Reads the key of a JWK; the algorithm decides which members are required.
    pub(super) fn of_jwk(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyProblem> {
        if jwk.purpose.as_ref().is_some_and(|purpose| purpose != "sig") {
            return Err(KeyProblem::NotForSignatures);
        }
        if jwk.d.is_some() {
            return Err(KeyProblem::PrivateMembers);
        }
        let material = match (algorithm, &*jwk.kty, jwk.crv.as_deref()) {
            (Algorithm::HS256, "oct", None) => Self::Hmac(Zeroizing::new(bytes(jwk.k.as_ref())?)),
            (Algorithm::RS256, "RSA", None) => Self::Rsa {
                n: bytes(jwk.n.as_ref())?,
                e: bytes(jwk.e.as_ref())?,
            },
            (Algorithm::ES256, "EC", Some("P-256")) => {
                Self::P256(point(&bytes(jwk.x.as_ref())?, &bytes(jwk.y.as_ref())?)?)
            }
            (Algorithm::EdDSA, "OKP", Some("Ed25519")) => Self::Ed25519(bytes(jwk.x.as_ref())?),
            _ => return Err(KeyProblem::AlgorithmMismatch),
        };
        material.checked()
    }

    /// Returns the public half of a private key; for HMAC, the key itself.
    pub(super) fn of_private(key: &PrivateKey, raw: &[u8]) -> Result<Self, KeyProblem> {
        match key {
            PrivateKey::Hs256(_) => Self::Hmac(Zeroizing::new(raw.to_vec())),
            PrivateKey::Rs256(pair) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                Self::Rsa {
                    n: public.n,
                    e: public.e,
                }
            }
            PrivateKey::Es256(pair) => Self::P256(pair.public_key().as_ref().to_vec()),
            PrivateKey::EdDsa(pair) => Self::Ed25519(pair.public_key().as_ref().to_vec()),
        }
        .checked()
    }

    fn checked(self) -> Result<Self, KeyProblem> {
        let enough = |enough: bool, problem| if enough { Ok(()) } else { Err(problem) };
        match &self {
            Self::Hmac(secret) => enough(secret.len() >= MIN_HMAC_BYTES, KeyProblem::TooShort)?,
            Self::Rsa { n, e } => {
                let bits_missing = n.first().is_none_or(|first| {
                    n.len() < MIN_RSA_BYTES || (n.len() == MIN_RSA_BYTES && *first < 0x80)
                });
                enough(!bits_missing, KeyProblem::TooShort)?;
                // No leading zero (RFC 7518, section 6.3.1.1); both odd; an exponent of 1 would accept every signature,
                // and ring reads at most four bytes.
                let valid = n.len() <= MAX_RSA_BYTES
                    && n.first() != Some(&0)
                    && n.last().is_some_and(|last| last % 2 == 1)
                    && e.first().is_some_and(|first| *first != 0)
                    && e.last().is_some_and(|last| last % 2 == 1)
                    && e.as_slice() != [1]
                    && e.len() <= 4;
                enough(valid, KeyProblem::Invalid)?;
            }
            // `point` checked the length; `validate` checks the rest.
            Self::P256(_) => {}
            Self::Ed25519(point) => enough(point.len() == 32, KeyProblem::Invalid)?,
        }
        Ok(self)
    }

    /// Checks that a point is on its curve, which takes too long for a start-up. A point that is not verifies nothing,
    /// because ring checks it at each verification.
    pub(super) fn validate(&self) -> Result<(), KeyProblem> {
        match self {
            Self::P256(point) if !is_on_curve(point) => Err(KeyProblem::Invalid),
            _ => Ok(()),
        }
    }

    pub(super) fn decoding_key(&self) -> DecodingKey {
        match self {
            Self::Hmac(secret) => DecodingKey::from_secret(secret),
            Self::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            Self::P256(point) => DecodingKey::from_ec_der(point),
            Self::Ed25519(point) => DecodingKey::from_ed_der(point),
        }
    }

    /// Returns the members that RFC 7638, section 3.2, and RFC 8037, section 2, require. Those of an HMAC key are secret.
    fn members(&self) -> Value {
        match self {
            Self::Hmac(secret) => json!({"k": text(secret), "kty": "oct"}),
            Self::Rsa { n, e } => json!({"e": text(e), "kty": "RSA", "n": text(n)}),
            Self::P256(point) => {
                json!({"crv": "P-256", "kty": "EC", "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Self::Ed25519(point) => json!({"crv": "Ed25519", "kty": "OKP", "x": text(point)}),
        }
    }

    /// Returns the JWK of a verifying key.
    pub(super) fn jwk(&self, kid: &str, algorithm: Algorithm) -> Value {
        let mut jwk = self.members();
        jwk["kid"] = json!(kid);
        jwk["alg"] = json!(algorithm.as_str());
        jwk["use"] = json!("sig");
        jwk
    }

    pub(super) const fn is_public(&self) -> bool {
        !matches!(self, Self::Hmac(_))
    }

    /// Returns the JWK thumbprint (RFC 7638): SHA-256 of the required members in lexicographic order, without spaces.
    pub(super) fn thumbprint(&self) -> String {
        // `members` are in that order, serde_json writes no spaces, and no value needs an escape.
        let members = self.members().to_string();
        text(digest::digest(&digest::SHA256, members.as_bytes()).as_ref())
    }
}

/// Sets a member of a parameter's value to a time in Unix seconds.
pub(super) fn with_member(
    value: &SecretString,
    name: &str,
    time: OffsetDateTime,
) -> Option<SecretString> {
    let mut value: Value = serde_json::from_str(value.expose_secret()).ok()?;
    let time = json!(time.unix_timestamp());
    value.as_object_mut()?.insert(name.to_owned(), time);
    Some(value.to_string().into())
}

/// Returns the time of a member, clamped to the times that RFC 3339 can express.
pub(super) fn time_of(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(if seconds < 0 {
        OffsetDateTime::UNIX_EPOCH
    } else {
        LAST
    })
}

pub(super) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(member: Option<&Cow<'_, str>>) -> Result<Vec<u8>, KeyProblem> {
    let member = member.ok_or(KeyProblem::Malformed)?;
    URL_SAFE_NO_PAD
        .decode(member.as_bytes())
        .map_err(|_| KeyProblem::Malformed)
}

fn point(x: &[u8], y: &[u8]) -> Result<Vec<u8>, KeyProblem> {
    if x.len() == 32 && y.len() == 32 {
        Ok([&[4], x, y].concat())
    } else {
        Err(KeyProblem::Invalid)
    }
}

/// Checks a point by a key agreement, whose result is discarded: only there ring reports an invalid point.
fn is_on_curve(point: &[u8]) -> bool {
    let theirs = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, point);
    agreement::EphemeralPrivateKey::generate(&agreement::ECDH_P256, &SystemRandom::new())
        .and_then(|ours| agreement::agree_ephemeral(ours, &theirs, |_| ()))
        .is_ok()
}
