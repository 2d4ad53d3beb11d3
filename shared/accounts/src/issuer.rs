use std::sync::Arc;

use auth::{
    Caller,
    keys::{KeyError, KeyPairs, SigningKeys, VerifyingKeys},
    refresh::RefreshToken,
    token::{self, TokenPolicy},
};
use aws_types::SdkConfig;
use domain::Clock;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use settings::{Cached, Env, EnvError, LoadError, Parameters};
use store::{PublicKeyTable, Session};
use time::Duration;
use utoipa::ToSchema;

use http_api::{Gateway, Problem, PublicKeys, Tokens, verifying_keys};

/// Issues the tokens of sessions, with the private keys, the issuer, the audience and the lifetime.
pub struct TokenIssuer {
    keys: Arc<Cached<KeyPairs>>,
    issuer: Option<String>,
    audience: String,
    lifetime: Duration,
    clock: Clock,
}

/// Reads both halves of the keys at the same time.
async fn key_pairs(
    ssm: &aws_sdk_ssm::Client,
    path: &str,
    table: &PublicKeyTable,
) -> Result<KeyPairs, LoadError> {
    let private = async { Ok::<_, LoadError>(Parameters::fetch(ssm, path).await?) };
    let (public, private) = tokio::try_join!(verifying_keys(table), private)?;
    if let Ok(pairs) = pairs(public, &private) {
        return Ok(pairs);
    }
    // A key pair that was written between the two reads has its public half in the table by now.
    Ok(pairs(verifying_keys(table).await?, &private)?)
}

fn pairs(public: VerifyingKeys, private: &Parameters) -> Result<KeyPairs, KeyError> {
    let private = SigningKeys::from_parameters(private.under(""), &public)?;
    Ok(KeyPairs {
        private,
        public: Arc::new(public),
    })
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionTokens {
    /// A JWT of type `at+jwt` (RFC 9068).
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// The lifetime of the access token in seconds.
    expires_in: i64,
    /// An opaque token that `POST /session/refresh` exchanges for new tokens, once.
    refresh_token: String,
}

impl TokenIssuer {
    /// Reads `PARAMETER_PATH` (of the private keys), `PUBLIC_KEYS_TABLE`, `PARAMETER_CACHE_SECONDS`, `ISSUER`, `AUDIENCE` and
    /// `ACCESS_TOKEN_SECONDS`.
    ///
    /// # Errors
    /// When a variable is missing or invalid.
    pub fn from_env(
        env: &Env,
        aws: &SdkConfig,
        dynamodb: &aws_sdk_dynamodb::Client,
        clock: Clock,
    ) -> Result<Self, EnvError> {
        let seconds = env.parsed("PARAMETER_CACHE_SECONDS", "a number of seconds")?;
        let kept = std::time::Duration::from_secs(seconds);
        let path = env.required("PARAMETER_PATH")?;
        let ssm = settings::aws::ssm(env, aws);
        let table = PublicKeyTable::from_env(env, dynamodb)?;
        let load = move || {
            let (ssm, path, table) = (ssm.clone(), path.clone(), table.clone());
            async move { key_pairs(&ssm, &path, &table).await }
        };
        let keys = Cached::new("key pairs", kept, clock.clone(), load);
        let lifetime = env.parsed("ACCESS_TOKEN_SECONDS", "a number of seconds")?;
        Ok(Self {
            keys: Arc::new(keys),
            issuer: env.get("ISSUER").map(str::to_owned),
            audience: env.required("AUDIENCE")?,
            lifetime: Duration::seconds(lifetime),
            clock,
        })
    }

    /// Loads the keys before the first request, which then finds an open connection to `DynamoDB`. The first request that needs
    /// the keys reports a failure.
    pub async fn warm_up(&self) {
        self.keys.warm_up().await;
    }

    /// Returns the verifier of the tokens that this issuer issues.
    #[must_use]
    pub fn verifier(&self) -> Tokens {
        let keys = PublicKeys::of_pairs(Arc::clone(&self.keys), self.issuer.clone());
        Tokens::new(keys, self.audience.clone(), self.clock.clone())
    }

    /// Loads the keys. Call it first in a request, which can do nothing without them.
    ///
    /// # Errors
    /// 503 when the keys cannot be loaded.
    pub async fn signer(&self) -> Result<TokenSigner<'_>, Problem> {
        let keys = self.keys.get().await.map_err(|_| Problem::unavailable())?;
        Ok(TokenSigner { issuer: self, keys })
    }
}

/// An issuer whose keys are loaded.
pub struct TokenSigner<'a> {
    issuer: &'a TokenIssuer,
    keys: Arc<KeyPairs>,
}

impl TokenSigner<'_> {
    /// Signs an access token for the user of a session, and returns it with the refresh token. The access token expires
    /// with the session at the latest.
    ///
    /// # Errors
    /// 503 when no key is in force yet, 500 when signing fails.
    pub fn sign(
        &self,
        gateway: &Gateway,
        session: &Session,
        roles: domain::Roles,
        refresh_token: &RefreshToken,
    ) -> Result<SessionTokens, Problem> {
        let now = self.issuer.clock.now();
        let key = self.keys.private.current(now).map_err(|error| {
            tracing::error!(%error, "no_signing_key");
            Problem::unavailable()
        })?;
        let policy = TokenPolicy {
            issuer: gateway.issuer(self.issuer.issuer.as_deref()),
            audience: self.issuer.audience.clone(),
        };
        let caller = Caller {
            user_id: session.user_id,
            session_id: session.id,
            roles,
        };
        let left = Duration::seconds(session.family.seconds_left(now).max(0));
        let lifetime = self.issuer.lifetime.min(left);
        let access_token = token::issue(key, &policy, lifetime, &caller, now)
            .map_err(|error| Problem::internal(&error))?;
        Ok(SessionTokens {
            access_token: access_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: access_token.expires_in(),
            refresh_token: refresh_token.to_text().expose_secret().to_owned(),
        })
    }
}
