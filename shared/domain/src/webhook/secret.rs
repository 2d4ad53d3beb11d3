use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretSlice};
use time::{Duration, OffsetDateTime};

/// How long the old secret also signs after a rotation.
const OVERLAP: Duration = Duration::hours(24);

/// The prefix of a secret's text (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
const PREFIX: &str = "whsec_";

/// The lengths that Standard Webhooks allows.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that signs the webhooks of an endpoint.
#[derive(Clone)]
pub struct Secret(SecretSlice<u8>);

impl Secret {
    /// The secret of these random bytes.
    #[must_use]
    pub fn of_random(random: [u8; 32]) -> Self {
        Self(random.to_vec().into())
    }

    /// Parses [`Self::text`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let is_long_enough = LENGTHS.contains(&bytes.len());
        is_long_enough.then(|| Self(bytes.into()))
    }

    /// The text that receivers configure: `whsec_` and base64.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.bytes()))
    }

    /// The key.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The secrets of an endpoint. During a rotation there are two.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The secret that signs.
    pub current: Secret,
    /// The secret before the last rotation, and until when it also signs.
    pub previous: Option<(Secret, OffsetDateTime)>,
}

impl Secrets {
    /// Until when the old secret also signs after a rotation at `now`.
    #[must_use]
    pub fn overlap_ends(now: OffsetDateTime) -> OffsetDateTime {
        now + OVERLAP
    }

    /// The secrets that sign at `now`, the current one first.
    pub fn signing(&self, now: OffsetDateTime) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until);
        std::iter::once(&self.current).chain(previous.map(|(secret, _)| secret))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_written_and_is_not_shown() {
        let secret = Secret::of_random([7; 32]);
        let text = secret.text();
        assert!(text.starts_with("whsec_BwcHBwcH"), "{text}");
        assert_eq!(Secret::parse(&text).unwrap().bytes(), [7; 32]);
        assert_eq!(format!("{secret:?}"), "Secret");
        for other in [
            "",
            "whsec_",
            "whsec_AAAA",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        ] {
            assert!(Secret::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_old_secret_signs_for_24_hours() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let previous = (Secret::of_random([1; 32]), Secrets::overlap_ends(now));
        let secrets = Secrets {
            current: Secret::of_random([2; 32]),
            previous: Some(previous),
        };
        let count = |at| secrets.signing(at).count();
        assert_eq!(count(now), 2);
        assert_eq!(count(now + OVERLAP - Duration::MILLISECOND), 2);
        assert_eq!(count(now + OVERLAP), 1);
        assert_eq!(secrets.signing(now).next().unwrap().bytes(), [2; 32]);
    }
}
