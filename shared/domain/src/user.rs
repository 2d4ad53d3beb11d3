use time::OffsetDateTime;

use crate::{AddressId, Email, Name, Profile, Roles, UserId};

/// Whether an account may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The owner may sign in.
    Active,
    /// Disabled by an administrator. Signing in gets the response of a wrong password.
    Disabled,
}

impl Status {
    /// The word in responses and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Parses the word of a status.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Disabled]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// Names an account: its user, and the address that its credential is stored under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountRef<'a> {
    /// The user.
    pub user_id: UserId,
    /// The address.
    pub email: &'a Email,
}

/// A user of the API. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identifies the user.
    pub id: UserId,
    /// The address that the user signs in with and gets mail at.
    pub email: Email,
    /// The name that other users see.
    pub name: Name,
    /// Further details that the user entered.
    pub profile: Profile,
    /// What the user may do beyond their own account.
    pub roles: Roles,
    /// Whether the owner may sign in.
    pub status: Status,
    /// When the owner showed that they receive mail at the address. The search by name does not return it.
    pub verified_at: Option<OffsetDateTime>,
    /// Counts the changes; the `ETag` of the user. A verification is not visible in the API, and is not counted.
    pub version: u64,
    /// When the owner signed up.
    pub created_at: OffsetDateTime,
    /// When name, profile, roles or status last changed.
    pub updated_at: OffsetDateTime,
}

/// That an account was deleted: what the services need to erase what they keep about its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedUser {
    /// The user.
    pub id: UserId,
    /// The address of the account, if the user had shown that they receive mail there.
    pub address: Option<AddressId>,
    /// The version after the last one of the user.
    pub version: u64,
    /// When the account was deleted.
    pub deleted_at: OffsetDateTime,
}
