//! Reads the keys of a stage in the same way as the functions.

use auth::keys::{SigningKey, SigningKeys, VerifyingKeys};
use secrecy::SecretString;
use settings::Parameters;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Error, Store, entry::Entry};

/// The parameter that holds the new key of a rotation that is not finished. It is the rotation's lock and its journal.
pub(super) const NEXT: &str = "keys/next";

/// How long a replaced key still verifies: the maximum lifetime of an access token (`AccessTokenSeconds`: 3600), the
/// verifiers' leeway (60 s), and 300 s for a function that reads the new key late.
pub(super) const VERIFIES_AFTER_REPLACEMENT: Duration = Duration::seconds(3600 + 60 + 300);
/// The largest clock difference that AWS tolerates in signed requests.
pub(super) const MAX_CLOCK_SKEW: Duration = Duration::minutes(5);

/// All keys of a stage, validated as the functions validate them.
pub(super) struct Keys {
    values: Parameters,
    pub(super) published: VerifyingKeys,
    pub(super) signing: SigningKeys,
}

impl Keys {
    /// Reads all keys.
    ///
    /// # Errors
    /// When there is no key or an invalid one: the functions would reject them all.
    pub(super) async fn read(store: &Store) -> Result<Self, Error> {
        Self::from_entries(store.read_keys().await?)
    }

    fn from_entries(found: Vec<Entry>) -> Result<Self, Error> {
        let named = found
            .into_iter()
            .filter_map(|entry| Some((entry.name, entry.value?)));
        let values = Parameters::new(named);
        let published = VerifyingKeys::from_parameters(values.under("keys/public"))
            .map_err(Error::UnusableKeys)?;
        let signing = SigningKeys::from_parameters(values.under("keys/private"), &published)
            .map_err(Error::UnusableKeys)?;
        Ok(Self {
            values,
            published,
            signing,
        })
    }

    /// Returns the value of a parameter, by its name relative to the stage's path.
    pub(super) fn value(&self, name: &str) -> Option<&SecretString> {
        let mut all = self.values.under("");
        all.find_map(|(found, value)| (found == name).then_some(value))
    }

    /// Returns the key that starts to sign in the future, if there is one.
    pub(super) fn waiting(&self, now: OffsetDateTime) -> Option<&SigningKey> {
        let last = self.signing.iter().next_back();
        last.filter(|key| key.signs_from() > now)
    }

    /// Lists the keys that have a successor, each with the time at which the successor starts to sign.
    pub(super) fn replaced(&self) -> impl Iterator<Item = (&SigningKey, OffsetDateTime)> {
        let successors = self.signing.iter().skip(1);
        self.signing
            .iter()
            .zip(successors.map(SigningKey::signs_from))
    }
}

/// Formats a time as RFC 3339 in whole seconds.
pub(super) fn format_time(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}
