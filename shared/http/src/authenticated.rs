use auth::{
    Caller,
    token::{self, TokenPolicy},
};
use aws_sdk_dynamodb::Client;
use axum::extract::{FromRef, FromRequestParts};
use domain::Clock;
use http::{HeaderMap, header, request::Parts};
use settings::{Env, EnvError};

use crate::{Gateway, Problem, PublicKeys, log_user};

/// Verifies access tokens, by the public keys, the issuer and the audience.
#[derive(Clone)]
pub struct Tokens {
    keys: PublicKeys,
    audience: String,
    clock: Clock,
}

impl Tokens {
    /// Reads the variables of [`PublicKeys`] and `AUDIENCE`.
    ///
    /// # Errors
    /// When a variable is missing or invalid.
    pub fn from_env(env: &Env, dynamodb: &Client, clock: Clock) -> Result<Self, EnvError> {
        Ok(Self {
            keys: PublicKeys::from_env(env, dynamodb, clock.clone())?,
            audience: env.required("AUDIENCE")?,
            clock,
        })
    }

    /// Verifies tokens for `audience` with `keys`.
    #[must_use]
    pub const fn new(keys: PublicKeys, audience: String, clock: Clock) -> Self {
        Self {
            keys,
            audience,
            clock,
        }
    }

    /// Loads the keys before the first request, which then finds an open connection to `DynamoDB`. Another request at the same
    /// time would open a second one: HTTP/1.1 answers one after the other.
    pub async fn warm_up(&self) {
        self.keys.warm_up().await;
    }

    /// Returns the issuer of the tokens, which is also the base URL of this API.
    #[must_use]
    pub fn issuer(&self, gateway: &Gateway) -> String {
        self.keys.issuer(gateway)
    }

    async fn caller(&self, headers: &HeaderMap, gateway: &Gateway) -> Result<Caller, Problem> {
        let token = bearer(headers)?;
        let keys = self.keys.get().await?;
        let policy = TokenPolicy {
            issuer: self.keys.issuer(gateway),
            audience: self.audience.clone(),
        };
        token::verify(&keys, &policy, token, self.clock.now()).map_err(|error| {
            tracing::info!(request_id = gateway.request_id, reason = %error, "token_refused");
            Problem::invalid_token()
        })
    }
}

/// Reads the bearer token (RFC 6750, section 2.1). Two `Authorization` headers are ambiguous and refused.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Problem::invalid_token())?,
        (None, _) => return Err(Problem::unauthorized()),
        (Some(_), Some(_)) => return Err(Problem::invalid_token()),
    };
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Problem::unauthorized()),
    }
}

/// The caller of a route that requires an access token.
#[derive(Debug)]
pub struct Authenticated(pub Caller);

impl<S: Sync> FromRequestParts<S> for Authenticated
where
    Tokens: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let gateway = Gateway::of(&parts.extensions);
        let tokens = Tokens::from_ref(state);
        let caller = tokens.caller(&parts.headers, &gateway).await?;
        log_user(&parts.extensions, caller.user_id);
        Ok(Self(caller))
    }
}

/// The caller of a route for administrators. The role comes from the access token and may be some minutes old.
#[derive(Debug)]
pub struct Administrator(pub Caller);

impl<S: Sync> FromRequestParts<S> for Administrator
where
    Tokens: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        if caller.is_admin() {
            Ok(Self(caller))
        } else {
            Err(Problem::forbidden())
        }
    }
}

/// The caller of a route that anyone may use, if the request has an access token. An invalid token is refused.
#[derive(Debug)]
pub struct OptionalCaller(pub Option<Caller>);

impl<S: Sync> FromRequestParts<S> for OptionalCaller
where
    Tokens: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        Ok(Self(Some(caller)))
    }
}
