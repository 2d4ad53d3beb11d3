use time::{Duration, OffsetDateTime};

use crate::{Email, UserId};

/// People read mail the next morning.
const VERIFY_LIFETIME: Duration = Duration::hours(24);
/// A requested reset is waited for. Until the token expires, every reader of the mailbox could use it.
const RESET_LIFETIME: Duration = Duration::hours(1);

/// What the token of a mailed link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailTokenPurpose {
    /// Verifies that the address belongs to the account's owner.
    Verify {
        /// The account. The token has no effect on another account that gets the address.
        user_id: UserId,
        /// The address.
        email: Email,
    },
    /// Sets a new password.
    Reset {
        /// The account.
        user_id: UserId,
        /// Its address.
        email: Email,
        /// The account's session epoch. Everything that ends all sessions, like another reset, makes the token invalid.
        epoch: u64,
    },
    /// Finishes a sign-up.
    SignUp {
        /// The address that the mail was sent to.
        email: Email,
    },
}

impl EmailTokenPurpose {
    /// How long a token for this purpose lasts.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        match self {
            Self::Verify { .. } | Self::SignUp { .. } => VERIFY_LIFETIME,
            Self::Reset { .. } => RESET_LIFETIME,
        }
    }

    /// The word in the table.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Verify { .. } => "verify",
            Self::Reset { .. } => "reset",
            Self::SignUp { .. } => "sign_up",
        }
    }

    /// The address that the mail is sent to.
    #[must_use]
    pub const fn email(&self) -> &Email {
        match self {
            Self::Verify { email, .. } | Self::Reset { email, .. } | Self::SignUp { email } => {
                email
            }
        }
    }
}

/// A token as it is stored. Its secret is not part of it: the table keeps a digest only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEmailToken {
    /// The digest of the secret; the key of the item.
    pub digest: String,
    /// What the token is for.
    pub purpose: EmailTokenPurpose,
    /// When the token expires, in whole seconds.
    pub expires_at: OffsetDateTime,
}

impl StoredEmailToken {
    /// A token that is mailed now.
    #[must_use]
    pub fn new(digest: String, purpose: EmailTokenPurpose, now: OffsetDateTime) -> Self {
        Self {
            digest,
            expires_at: now + purpose.lifetime(),
            purpose,
        }
    }

    /// Whether the token has expired.
    #[must_use]
    pub fn is_expired(&self, now: OffsetDateTime) -> bool {
        self.expires_at.unix_timestamp() <= now.unix_timestamp()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_token_lasts_as_long_as_its_purpose_allows() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let (user_id, email) = (UserId::new(now), Email::parse("ada@example.com").unwrap());
        let verify = EmailTokenPurpose::Verify {
            user_id,
            email: email.clone(),
        };
        let reset = EmailTokenPurpose::Reset {
            user_id,
            email: email.clone(),
            epoch: 1,
        };
        let sign_up = EmailTokenPurpose::SignUp { email };
        for (purpose, hours) in [(verify, 24), (reset, 1), (sign_up, 24)] {
            let token = StoredEmailToken::new("digest".to_owned(), purpose, now);
            let end = now + Duration::hours(hours);
            assert_eq!(token.expires_at, end);
            assert!(!token.is_expired(now));
            assert!(!token.is_expired(end - Duration::MILLISECOND));
            assert!(token.is_expired(end));
        }
    }
}
