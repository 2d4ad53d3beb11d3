use time::OffsetDateTime;

use crate::{Email, Name, Profile, Roles, UserId};

/// Whether an account may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// As usual.
    Active,
    /// Shut by an administrator; to the outside it looks like a wrong password.
    Disabled,
}

impl Status {
    /// The word in answers and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The status of this word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Disabled]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// A person with an account. No secret is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// Where mail goes.
    pub email: Email,
    /// What others see.
    pub name: Name,
    /// What the owner tells of themselves.
    pub profile: Profile,
    /// What the owner may do.
    pub roles: Roles,
    /// Whether the owner may sign in.
    pub status: Status,
    /// Counts the changes; the `ETag` of the user.
    pub version: u64,
    /// When the owner signed up.
    pub created_at: OffsetDateTime,
    /// When name, profile, roles or status last changed.
    pub updated_at: OffsetDateTime,
}
