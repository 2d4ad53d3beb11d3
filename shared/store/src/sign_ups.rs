use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Delete, Put, TransactWriteItem},
};
use domain::{Email, Name, Profile};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    row::{n, s},
    table::Table,
    users::item,
};

/// A little longer than the token that finishes it, which is made later.
const LIFETIME: Duration = Duration::hours(25);

/// Sign-ups whose address is not verified: canonical e-mail -> what the account is to be. No accounts yet, so nobody can
/// sign in to one and none keeps the owner of the address from signing up.
#[derive(Debug, Clone)]
pub struct SignUps(Table);

/// What somebody asked for. No password: whoever finishes the sign-up says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSignUp {
    /// Under which address.
    pub email: Email,
    /// What others will see.
    pub name: Name,
    /// What the owner tells of themselves.
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
            profile: item::read_profile(row.map("profile")?),
        }))
    }

    /// The part of a sign-up that keeps it. It replaces an earlier one of the address.
    pub(crate) fn put(
        &self,
        pending: &PendingSignUp,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.0.name)
            .item("email", s(pending.email.canonical()))
            .item("name", s(pending.name.as_str()))
            .item(
                "profile",
                AttributeValue::M(item::profile(&pending.profile)),
            )
            .item("expires_at", n((now + LIFETIME).unix_timestamp()))
            .build();
        Ok(TransactWriteItem::builder().put(put?).build())
    }

    /// The part of finishing a sign-up that forgets it.
    pub(crate) fn remove(&self, email: &Email) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.0.name)
            .key("email", s(email.canonical()))
            .build();
        Ok(TransactWriteItem::builder().delete(delete?).build())
    }
}
