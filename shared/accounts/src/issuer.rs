use std::sync::Arc;

use auth::{
    Caller,
    keys::{KeyPairs, SigningKeys, VerifyingKeys},
    refresh::RefreshToken,
    token::{self, TokenPolicy},
};
use aws_types::SdkConfig;
use domain::Clock;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use settings::{Cached, Env, EnvError, Parameters, Unavailable};
use store::Session;
use time::Duration;
use utoipa::ToSchema;

use http_api::{Gateway, Problem, PublicKeys, Tokens};

/// What it takes to issue access tokens: the private keys, and what a token says beside whose it is.
pub struct TokenIssuer {
    keys: Arc<Cached<KeyPairs>>,
    issuer: Option<String>,
    audience: String,
    lifetime: Duration,
    clock: Clock,
}

fn key_pairs(
    parameters: &Parameters,
) -> Result<KeyPairs, Box<dyn std::error::Error + Send + Sync>> {
    let public = VerifyingKeys::from_parameters(parameters.under("keys/public"))?;
    let private = SigningKeys::from_parameters(parameters.under("keys/private"), &public)?;
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
    /// How long the access token lives. Seconds.
    expires_in: i64,
    /// An opaque token that becomes a new access token once.
    refresh_token: String,
}

impl TokenIssuer {
    /// From `PARAMETER_PATH` (`/cloakroom/{env}` here: both halves of the keys come with one request),
    /// `PARAMETER_CACHE_SECONDS`, `ISSUER`, `AUDIENCE` and `ACCESS_TOKEN_SECONDS`.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn from_env(env: &Env, aws: &SdkConfig, clock: Clock) -> Result<Self, EnvError> {
        let seconds = env.parsed("PARAMETER_CACHE_SECONDS", "a number of seconds")?;
        let kept = std::time::Duration::from_secs(seconds);
        let path = env.required("PARAMETER_PATH")?;
        let ssm = settings::aws::ssm(env, aws);
        let keys = Cached::new(ssm, path, kept, clock.clone(), key_pairs);
        let lifetime = env.parsed("ACCESS_TOKEN_SECONDS", "a number of seconds")?;
        Ok(Self {
            keys: Arc::new(keys),
            issuer: env.get("ISSUER").map(str::to_owned),
            audience: env.required("AUDIENCE")?,
            lifetime: Duration::seconds(lifetime),
            clock,
        })
    }

    /// Fetches the keys ahead of the first request. Whether that works is told to whoever needs them.
    pub async fn warm_up(&self) {
        let _: Result<_, Unavailable> = self.keys.get().await;
    }

    /// What verifies the tokens that are issued here.
    #[must_use]
    pub fn verifier(&self) -> Tokens {
        let keys = PublicKeys::of_pairs(Arc::clone(&self.keys), self.issuer.clone());
        Tokens::new(keys, self.audience.clone(), self.clock.clone())
    }

    /// The keys. Asked for before anything else is done: without them no work is worth doing.
    ///
    /// # Errors
    /// 503 when there are none to be had.
    pub async fn ready(&self) -> Result<Issuing<'_>, Problem> {
        let keys = self.keys.get().await.map_err(|_| Problem::unavailable())?;
        Ok(Issuing { issuer: self, keys })
    }
}

/// An issuer with its keys at hand.
pub struct Issuing<'a> {
    issuer: &'a TokenIssuer,
    keys: Arc<KeyPairs>,
}

impl Issuing<'_> {
    /// A new access token for the owner of a session, beside its refresh token. It does not outlive the session.
    ///
    /// # Errors
    /// 503 when no key signs yet, 500 when one does not.
    pub fn tokens(
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
