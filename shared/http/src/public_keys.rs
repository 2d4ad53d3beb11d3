use std::{sync::Arc, time::Duration};

use auth::keys::{KeyPairs, VerifyingKeys};
use aws_types::SdkConfig;
use domain::Clock;
use settings::{Cached, Env, EnvError, Parameters};

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
    /// A function that also signs loads both halves with one request.
    WithPrivate(Arc<Cached<KeyPairs>>),
}

impl PublicKeys {
    /// Reads `PARAMETER_PATH` (which ends in `keys/public` here), `PARAMETER_CACHE_SECONDS` and `ISSUER`.
    ///
    /// # Errors
    /// When a variable is missing or invalid.
    pub fn from_env(env: &Env, aws: &SdkConfig, clock: Clock) -> Result<Self, EnvError> {
        let seconds = env.parsed("PARAMETER_CACHE_SECONDS", "a number of seconds")?;
        let path = env.required("PARAMETER_PATH")?;
        let make = |parameters: &Parameters| {
            VerifyingKeys::from_parameters(parameters.under("")).map_err(Into::into)
        };
        let ssm = settings::aws::ssm(env, aws);
        let keys = Cached::new(ssm, path, Duration::from_secs(seconds), clock, make);
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
        let _: Result<_, Problem> = self.get().await;
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
