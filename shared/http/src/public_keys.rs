use std::{sync::Arc, time::Duration};

use auth::keys::{KeyPairs, VerifyingKeys};
use domain::Clock;
use settings::{Cached, Env, EnvError, LoadError};
use store::PublicKeyTable;

use crate::{Gateway, Problem};

/// The keys that verify access tokens, and the issuer of the tokens.
#[derive(Clone)]
pub struct PublicKeys {
    keys: Source,
    issuer: Option<String>,
}

#[derive(Clone)]
enum Source {
    PublicOnly(Arc<Cached<VerifyingKeys>>),
    /// A function that also signs loads both halves together.
    WithPrivate(Arc<Cached<KeyPairs>>),
}

impl PublicKeys {
    /// Reads `PUBLIC_KEYS_TABLE`, `PARAMETER_CACHE_SECONDS` and `ISSUER`.
    ///
    /// # Errors
    /// When a variable is missing or invalid.
    pub fn from_env(
        env: &Env,
        dynamodb: &aws_sdk_dynamodb::Client,
        clock: Clock,
    ) -> Result<Self, EnvError> {
        let seconds = env.parsed("PARAMETER_CACHE_SECONDS", "a number of seconds")?;
        let table = PublicKeyTable::from_env(env, dynamodb)?;
        let load = move || {
            let table = table.clone();
            async move { verifying_keys(&table).await }
        };
        let keys = Cached::new("public keys", Duration::from_secs(seconds), clock, load);
        Ok(Self {
            keys: Source::PublicOnly(Arc::new(keys)),
            issuer: env.get("ISSUER").map(str::to_owned),
        })
    }

    /// Uses the public halves of the key pairs that the function loads for signing.
    #[must_use]
    pub const fn of_pairs(pairs: Arc<Cached<KeyPairs>>, issuer: Option<String>) -> Self {
        let keys = Source::WithPrivate(pairs);
        Self { keys, issuer }
    }

    /// Loads the keys before the first request. The first request that needs them reports a failure.
    pub async fn warm_up(&self) {
        match &self.keys {
            Source::PublicOnly(keys) => keys.warm_up().await,
            Source::WithPrivate(pairs) => pairs.warm_up().await,
        }
    }

    /// Returns the keys.
    ///
    /// # Errors
    /// 503 when they cannot be loaded.
    pub async fn get(&self) -> Result<Arc<VerifyingKeys>, Problem> {
        let keys = match &self.keys {
            Source::PublicOnly(keys) => keys.get().await,
            Source::WithPrivate(pairs) => pairs.get().await.map(|pairs| Arc::clone(&pairs.public)),
        };
        keys.map_err(|_| Problem::unavailable())
    }

    /// Returns the issuer of the tokens that these keys verify.
    #[must_use]
    pub fn issuer(&self, gateway: &Gateway) -> String {
        gateway.issuer(self.issuer.as_deref())
    }
}

/// Reads and parses the published keys.
///
/// # Errors
/// When the table does not answer, there is no key, or one is invalid.
pub async fn verifying_keys(table: &PublicKeyTable) -> Result<VerifyingKeys, LoadError> {
    let keys = table.list().await?;
    let keys = keys.iter().map(|(kid, value)| (kid.as_str(), value));
    Ok(VerifyingKeys::from_parameters(keys)?)
}
