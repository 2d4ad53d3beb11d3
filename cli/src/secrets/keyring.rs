//! The keys of a stage, read as the functions read them.

use auth::keys::{SigningKey, SigningKeys, VerifyingKeys};
use aws_sdk_ssm::types::Parameter;
use secrecy::SecretString;
use settings::Parameters;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Error, Store};

/// The key that a rotation is about to bring in. Its being there is the lock of the rotation, and its value the journal.
pub(super) const NEXT: &str = "keys/next";

/// How long a key still verifies when the next one has begun to sign: the longest life of an access token
/// (`AccessTokenSeconds`: 3600), the leeway of those who verify (60 s), and 300 s for a function that was late to read.
pub(super) const AFTERWARDS: Duration = Duration::seconds(3600 + 60 + 300);
/// How far a clock of ours may be from AWS's: beyond that, AWS refuses our signatures.
pub(super) const CLOCKS: Duration = Duration::minutes(5);

/// All keys of a stage. They are known to be good: functions would accept them.
pub(super) struct Keys {
    values: Parameters,
    pub(super) published: VerifyingKeys,
    pub(super) signing: SigningKeys,
}

impl Keys {
    /// Reads them all. Broken ones, or none at all, are an error: nothing is built on what functions refuse.
    pub(super) async fn read(store: &Store) -> Result<Self, Error> {
        Self::of(store, &store.read_all("keys").await?)
    }

    pub(super) fn of(store: &Store, found: &[Parameter]) -> Result<Self, Error> {
        let prefix = store.name("");
        let named = |parameter: &Parameter| {
            let name = parameter.name()?.strip_prefix(&prefix)?.to_owned();
            Some((name, SecretString::from(parameter.value()?)))
        };
        let values = Parameters::new(found.iter().filter_map(named));
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

    /// The value of a parameter, by its name below the stage's path.
    pub(super) fn value(&self, name: &str) -> Option<&SecretString> {
        let mut all = self.values.under("");
        all.find_map(|(found, value)| (found == name).then_some(value))
    }

    /// The key that will sign and does not yet, if there is one.
    pub(super) fn waiting(&self, now: OffsetDateTime) -> Option<&SigningKey> {
        let last = self.signing.iter().next_back();
        last.filter(|key| key.signs_from() > now)
    }

    /// The keys that have a successor, each with the time at which that begins to sign.
    pub(super) fn replaced(&self) -> impl Iterator<Item = (&SigningKey, OffsetDateTime)> {
        let successors = self.signing.iter().skip(1);
        self.signing
            .iter()
            .zip(successors.map(SigningKey::signs_from))
    }
}

/// RFC 3339, in whole seconds: what people read.
pub(super) fn seconds(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_default()
}
