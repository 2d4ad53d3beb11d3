use aws_sdk_dynamodb::{Client, types::AttributeValue};
use domain::{Email, Name, Profile};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    row::{item, n, s},
    table::Table,
    users::item::{read_profile, write_profile},
    write::Write,
};

/// An hour longer than the token that finishes it, which is created later.
const LIFETIME: Duration = Duration::hours(25);

/// Sign-ups whose address is not verified yet: canonical e-mail -> name and profile of the account. They are not accounts:
/// they cannot sign in, and the owner of the address can sign up again.
#[derive(Debug, Clone)]
pub struct SignUps(Table);

/// A sign-up whose address is not verified yet. It has no password: the request that finishes it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSignUp {
    /// The address of the account.
    pub email: Email,
    /// The name that other users see.
    pub name: Name,
    /// Further details that the user entered.
    pub profile: Profile,
}

impl SignUps {
    /// The table that `SIGN_UPS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "SIGN_UPS_TABLE").map(Self)
    }

    /// The pending sign-up of an address.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(
        &self,
        email: &Email,
        now: OffsetDateTime,
    ) -> Result<Option<PendingSignUp>, StoreError> {
        let key = ("email", email.canonical().to_owned());
        let Some(mut row) = self.0.find_unexpired(key, now).await? else {
            return Ok(None);
        };
        Ok(Some(PendingSignUp {
            email: email.clone(),
            name: Name::stored(row.text("name")?),
            profile: read_profile(row.map("profile")?),
        }))
    }

    /// The part of a sign-up that stores it. It replaces an earlier one of the address.
    pub(crate) fn put(&self, pending: &PendingSignUp, now: OffsetDateTime) -> Write {
        self.0.put(item([
            ("email", s(pending.email.canonical())),
            ("name", s(pending.name.as_str())),
            (
                "profile",
                AttributeValue::M(write_profile(&pending.profile)),
            ),
            ("expires_at", n((now + LIFETIME).unix_timestamp())),
        ]))
    }

    /// The part of finishing a sign-up that deletes it.
    pub(crate) fn remove(&self, email: &Email) -> Write {
        self.0.delete([("email", email.canonical().to_owned())])
    }
}
