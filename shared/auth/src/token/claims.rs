use domain::{Role, SessionId, UserId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{TokenError, TokenPolicy};
use crate::Caller;

/// The allowed clock difference in seconds.
const LEEWAY: i64 = 60;

/// The claims of an access token (RFC 9068, section 2.2; `sid` as in `OpenID` Connect Front-Channel Logout 1.0, section 3).
/// All are required, and a duplicate claim is refused.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: Audience,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
    pub(super) sid: String,
    pub(super) roles: Vec<String>,
}

/// One audience or several (RFC 7519, section 4.1.3).
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn contains(&self, ours: &str) -> bool {
        match self {
            Self::One(audience) => audience == ours,
            Self::Several(audiences) => audiences.iter().any(|audience| audience == ours),
        }
    }
}

impl Claims {
    /// Applies the rules of RFC 7519, section 4.1, at `now` and with leeway.
    pub(super) fn check(
        &self,
        policy: &TokenPolicy,
        now: OffsetDateTime,
    ) -> Result<(), TokenError> {
        // Saturating, because the numbers come from the token.
        let ahead = |time: i64| time.saturating_sub(now.unix_timestamp());
        if self.iss != policy.issuer {
            Err(TokenError::WrongIssuer)
        } else if !self.aud.contains(&policy.audience) {
            Err(TokenError::WrongAudience)
        } else if ahead(self.exp) < -LEEWAY {
            Err(TokenError::Expired)
        } else if ahead(self.nbf) > LEEWAY || ahead(self.iat) > LEEWAY {
            Err(TokenError::NotYetValid)
        } else {
            Ok(())
        }
    }

    /// Returns the caller that the claims name. Unknown roles, which a newer release may have issued, give no rights.
    pub(super) fn caller(&self) -> Result<Caller, TokenError> {
        Ok(Caller {
            user_id: UserId::parse(&self.sub).map_err(|_| TokenError::BadSubject)?,
            session_id: SessionId::parse(&self.sid).map_err(|_| TokenError::BadSubject)?,
            roles: self
                .roles
                .iter()
                .filter_map(|role| Role::parse(role))
                .collect(),
        })
    }
}
