//! Finds the account that an argument names.

use std::fmt;

use domain::{Email, User, UserId};

use super::{Error, tables::Tables};

/// The id of a user, or the address of an account.
#[derive(Debug, Clone)]
pub(super) enum AccountArg {
    Id(UserId),
    Email(Email),
}

impl AccountArg {
    /// Parses an argument.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(id) = UserId::parse(text) {
            return Ok(Self::Id(id));
        }
        let email = Email::parse(text).map(Self::Email);
        email.map_err(|_| {
            "expected the id of a user, or an e-mail address like name@example.com".to_owned()
        })
    }

    /// Reads the user of the account.
    pub(super) async fn find(&self, tables: &Tables) -> Result<User, Error> {
        let id = match self {
            Self::Id(id) => Some(*id),
            Self::Email(email) => tables.credentials.find_user_id(email).await?,
        };
        let user = match id {
            Some(id) => tables.users.find(id).await?,
            None => None,
        };
        user.ok_or_else(|| Error::NoAccount(self.to_string()))
    }
}

impl fmt::Display for AccountArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "the id {id}"),
            Self::Email(email) => write!(f, "the address {}", email.display()),
        }
    }
}
