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

/// A token could not be made. Nothing the caller did causes this.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// See there.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The key did not sign.
    #[error("the signing key did not sign")]
    Signing(#[source] jsonwebtoken::errors::Error),
}

/// A signed access token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    token: SecretString,
    lifetime: Duration,
}

impl AccessToken {
    /// The text, for the answer to its owner alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.token.expose_secret()
    }

    /// `expiresIn`: whole seconds from its issue.
    #[must_use]
    pub const fn expires_in(&self) -> i64 {
        self.lifetime.whole_seconds()
    }
}

/// Issues a token that says who `caller` is, from `now` for `lifetime`.
///
/// # Errors
/// When there is no randomness for its `jti`, or the key does not sign.
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
