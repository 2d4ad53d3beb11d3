use auth::refresh::FamilyKey;
use aws_sdk_dynamodb::{
    Client,
    types::{TransactWriteItem, Update},
};
use domain::{SessionId, UserId};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{at, b, n, s},
    table::Table,
};

/// One item for each refresh token family: a key, a counter, and when it ends.
#[derive(Debug, Clone)]
pub struct Sessions(pub(crate) Table);

/// A sign-in that goes on by refresh tokens.
#[derive(Debug)]
pub struct Session {
    /// Names the family.
    pub id: SessionId,
    /// Who signed in.
    pub user_id: UserId,
    /// What all tokens of the family are made with.
    pub key: FamilyKey,
    /// [`crate::Credential::session_epoch`] at sign-in: when the account's has moved on, the session is over.
    pub epoch: u64,
    /// When the owner signed in.
    pub created_at: OffsetDateTime,
    /// When it ends whatever happens. Also the item's TTL, which deletes late and is never trusted for expiry.
    pub expires_at: OffsetDateTime,
}

impl Sessions {
    /// The table that `SESSIONS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "SESSIONS_TABLE").map(Self)
    }

    /// Writes a session that has just begun. Its id is new, so a retry after a lost reply writes the same item again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn start(&self, session: &Session) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        client
            .put_item()
            .table_name(name)
            .item("id", s(session.id.to_string()))
            .item("user_id", s(session.user_id.to_string()))
            .item("family_key", b(*session.key.expose()))
            .item("generation", n(0))
            .item("epoch", n(session.epoch))
            .item("created_at", at(session.created_at))
            .item("expires_at", n(session.expires_at.unix_timestamp()))
            .send()
            .await?;
        Ok(())
    }

    /// The part of a password change that takes one session along into the account's next epoch, if it is of the
    /// present one: what was ended before stays ended.
    pub(crate) fn take_along(
        &self,
        id: SessionId,
        epoch: u64,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.0.name)
            .key("id", s(id.to_string()))
            .update_expression("SET epoch = epoch + :one")
            .condition_expression("epoch = :epoch")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":epoch", n(epoch))
            .build();
        Ok(TransactWriteItem::builder().update(update?).build())
    }
}
