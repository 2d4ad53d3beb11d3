use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Role;
use jsonwebtoken::Header;
use secrecy::{ExposeSecret as _, SecretString};
use time::{Duration, OffsetDateTime};

use super::{
    TYPE, TokenPolicy,
    claims::{Audience, Claims},
};
use crate::{
    Caller,
    keys::SigningKey,
    random::{self, NoRandomness},
};

/// Why a token could not be issued. The caller is never the cause.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The operating system returned no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Signing failed.
    #[error("signing failed")]
    Signing(#[source] jsonwebtoken::errors::Error),
}

/// A signed access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    token: SecretString,
    lifetime: Duration,
}

impl AccessToken {
    /// Returns the text. It is secret: use it only in the response to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.token.expose_secret()
    }

    /// Returns its lifetime in whole seconds (`expiresIn`).
    #[must_use]
    pub const fn expires_in(&self) -> i64 {
        self.lifetime.whole_seconds()
    }
}

/// Issues a token for `caller` that is valid from `now` for `lifetime`.
///
/// # Errors
/// When the operating system returns no random bytes for the `jti`, or signing fails.
pub fn issue(
    key: &SigningKey,
    policy: &TokenPolicy,
    lifetime: Duration,
    caller: &Caller,
    now: OffsetDateTime,
) -> Result<AccessToken, IssueError> {
    let header = Header {
        typ: Some(TYPE.to_owned()),
        kid: Some(key.kid().to_owned()),
        ..Header::new(key.algorithm().jwt())
    };
    let issued = now.unix_timestamp();
    let claims = Claims {
        iss: policy.issuer.clone(),
        sub: caller.user_id.to_string(),
        aud: Audience::One(policy.audience.clone()),
        iat: issued,
        nbf: issued,
        exp: issued.saturating_add(lifetime.whole_seconds()),
        jti: URL_SAFE_NO_PAD.encode(random::bytes::<16>()?),
        sid: caller.session_id.to_string(),
        roles: caller
            .roles
            .iter()
            .copied()
            .map(Role::as_str)
            .map(str::to_owned)
            .collect(),
    };
    let token = jsonwebtoken::encode(&header, &claims, key.encoding_key())
        .map_err(IssueError::Signing)?
        .into();
    Ok(AccessToken { token, lifetime })
}
