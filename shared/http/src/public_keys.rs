use std::{sync::Arc, time::Duration};

use auth::keys::{KeyPairs, VerifyingKeys};
use aws_types::SdkConfig;
use domain::Clock;
use settings::{Cached, Env, EnvError, Parameters};

use crate::{Gateway, Problem};

/// The keys that verify access tokens, and who issues those tokens.
#[derive(Clone)]
pub struct PublicKeys {
    keys: Source,
    issuer: Option<String>,
}

#[derive(Clone)]
enum Source {
    Alone(Arc<Cached<VerifyingKeys>>),
    /// Where the private keys are read, too, one request brings both.
    WithPrivate(Arc<Cached<KeyPairs>>),
}

impl PublicKeys {
    /// From `PARAMETER_PATH` (which ends in `keys/public` here), `PARAMETER_CACHE_SECONDS` and `ISSUER`.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn from_env(env: &Env, aws: &SdkConfig, clock: Clock) -> Result<Self, EnvError> {
        let seconds = env.parsed("PARAMETER_CACHE_SECONDS", "a number of seconds")?;
        let path = env.required("PARAMETER_PATH")?;
        let make = |parameters: &Parameters| {
            VerifyingKeys::from_parameters(parameters.under("")).map_err(Into::into)
        };
        let ssm = settings::aws::ssm(env, aws);
        let keys = Cached::new(ssm, path, Duration::from_secs(seconds), clock, make);
        Ok(Self {
            keys: Source::Alone(Arc::new(keys)),
            issuer: env.get("ISSUER").map(str::to_owned),
        })
    }

    /// Takes the public halves from key pairs that the function reads for signing.
    #[must_use]
    pub const fn of_pairs(pairs: Arc<Cached<KeyPairs>>, issuer: Option<String>) -> Self {
        let keys = Source::WithPrivate(pairs);
        Self { keys, issuer }
    }

    /// Fetches the keys ahead of the first request. Whether that works is told to whoever needs them.
    pub async fn warm_up(&self) {
        let _: Result<_, Problem> = self.get().await;
    }

    /// The keys.
    ///
    /// # Errors
    /// 503 when there are none to be had.
    pub async fn get(&self) -> Result<Arc<VerifyingKeys>, Problem> {
        let keys = match &self.keys {
            Source::Alone(keys) => keys.get().await,
            Source::WithPrivate(pairs) => pairs.get().await.map(|pairs| Arc::clone(&pairs.public)),
        };
        keys.map_err(|_| Problem::unavailable())
    }

    /// Who issues the tokens that these keys verify.
    #[must_use]
    pub fn issuer(&self, gateway: &Gateway) -> String {
        gateway.issuer(self.issuer.as_deref())
    }
}
