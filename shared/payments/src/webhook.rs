//! The signature of webhooks (<https://docs.stripe.com/webhooks#verify-manually>).

use ring::hmac::{HMAC_SHA256, Key, sign as hmac};
use secrecy::{ExposeSecret as _, SecretString};
use time::{Duration, OffsetDateTime};

/// How old a signature may be, as in the provider's own libraries. One in the future is accepted, as they do: clocks differ.
pub const TOLERANCE: Duration = Duration::minutes(5);

const SCHEME: &str = "v1";

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header has no time or no signature.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// No signature fits a secret and these bytes.
    #[error("no signature fits")]
    Mismatch,
    /// The signature is too old: it may be a copy.
    #[error("the signature is too old")]
    TooOld,
}

/// The secrets that webhooks are signed with: several while one replaces another.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// Parses a list of secrets with spaces, commas or line breaks between them.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        let secrets = list.split([',', ' ', '\n', '\r', '\t']);
        let secrets = secrets.filter(|secret| !secret.is_empty());
        Self(secrets.map(|secret| secret.to_owned().into()).collect())
    }

    /// Whether there is none. Then no webhook is accepted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks the `Stripe-Signature` of a body, over the bytes that were received.
    ///
    /// # Errors
    /// When the header is malformed, no signature fits any secret, or the signature is too old.
    pub fn verify(
        &self,
        body: &[u8],
        header: &str,
        now: OffsetDateTime,
    ) -> Result<(), SignatureError> {
        let (timestamp, signatures) = parse(header).ok_or(SignatureError::Malformed)?;
        let mut fits = false;
        for secret in &self.0 {
            let expected = tag(secret, timestamp, body);
            for signature in &signatures {
                fits |= is_equal(expected.as_bytes(), signature.as_bytes());
            }
        }
        if !fits {
            return Err(SignatureError::Mismatch);
        }
        if now.unix_timestamp().saturating_sub(timestamp) > TOLERANCE.whole_seconds() {
            return Err(SignatureError::TooOld);
        }
        Ok(())
    }
}

/// The header that the provider would send with a body. For tests and stand-ins.
#[must_use]
pub fn sign(secret: &SecretString, body: &[u8], at: OffsetDateTime) -> String {
    let timestamp = at.unix_timestamp();
    format!("t={timestamp},{SCHEME}={}", tag(secret, timestamp, body))
}

/// The HMAC in hexadecimal.
fn tag(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    let key = Key::new(HMAC_SHA256, secret.expose_secret().as_bytes());
    let signed = [timestamp.to_string().as_bytes(), b".", body].concat();
    let hex = |byte: &u8| {
        let digit = |value| char::from_digit(u32::from(value), 16);
        [digit(byte >> 4), digit(byte & 15)]
    };
    let tag = hmac(&key, &signed);
    tag.as_ref().iter().flat_map(hex).flatten().collect()
}

/// Compares in a time that depends only on the lengths.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let different = a.iter().zip(b).fold(0, |found, (a, b)| found | (a ^ b));
    a.len() == b.len() && std::hint::black_box(different) == 0
}

/// The time, and the signatures of the scheme. What the provider's own libraries read in different ways is refused: two
/// different times, or a time with other characters than digits.
fn parse(header: &str) -> Option<(i64, Vec<&str>)> {
    let mut timestamp = None;
    let mut signatures = Vec::new();
    for item in header.split(',') {
        let mut parts = item.split('=');
        match (parts.next(), parts.next()) {
            (Some("t"), value) => {
                let time = parse_time(value?)?;
                if timestamp.is_some_and(|found| found != time) {
                    return None;
                }
                timestamp = Some(time);
            }
            (Some(SCHEME), value) => signatures.push(value?),
            _ => {}
        }
    }
    (!signatures.is_empty()).then_some((timestamp?, signatures))
}

fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
    const BODY: &[u8] = b"{\"id\":\"evt_1\"}";

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    fn verify(header: &str, body: &[u8], at: OffsetDateTime) -> Result<(), SignatureError> {
        Secrets::parse("whsec_old, whsec_new\n").verify(body, header, at)
    }

    #[test]
    fn a_signature_of_any_live_secret_is_accepted() {
        for live in ["whsec_old", "whsec_new"] {
            let header = sign(&secret(live), BODY, NOW);
            assert_eq!(verify(&header, BODY, NOW), Ok(()));
            let two = format!("{header},v1=00,v0=11");
            assert_eq!(verify(&two, BODY, NOW), Ok(()));
        }
        let other = sign(&secret("whsec_other"), BODY, NOW);
        assert_eq!(verify(&other, BODY, NOW), Err(SignatureError::Mismatch));
        let none = Secrets::parse(" ").verify(BODY, &other, NOW);
        assert_eq!(none, Err(SignatureError::Mismatch));
    }

    #[test]
    fn other_bytes_are_refused() {
        let header = sign(&secret("whsec_new"), BODY, NOW);
        for body in [
            b"{\"id\": \"evt_1\"}".as_slice(),
            b"{\"id\":\"evt_2\"}",
            b"",
        ] {
            assert_eq!(verify(&header, body, NOW), Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn an_old_signature_is_refused() {
        let header = sign(&secret("whsec_new"), BODY, NOW);
        assert_eq!(verify(&header, BODY, NOW + TOLERANCE), Ok(()));
        let late = NOW + TOLERANCE + Duration::seconds(1);
        assert_eq!(verify(&header, BODY, late), Err(SignatureError::TooOld));
        assert_eq!(verify(&header, BODY, NOW - TOLERANCE * 2), Ok(()));
    }

    #[test]
    fn a_malformed_header_is_refused() {
        for header in [
            "",
            "t=1",
            "v1=00",
            "t=x,v1=00",
            "t=,v1=00",
            "t=1,t=2,v1=00",
            "t=1,v0=00",
        ] {
            assert_eq!(
                verify(header, BODY, NOW),
                Err(SignatureError::Malformed),
                "{header}"
            );
        }
    }
}
