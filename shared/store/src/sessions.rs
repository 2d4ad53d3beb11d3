use auth::refresh::FamilyKey;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    types::{TransactWriteItem, Update},
};
use domain::{SessionId, UserId, session::Family};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, at, b, milliseconds, n, s},
    table::{Table, is_conditional_check},
    transaction::retry_conflicts,
};

mod list;

pub use list::{LiveSessions, SessionEntry};

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
    /// Which of them are good. Its end is also the item's TTL, which deletes late and is never trusted for expiry.
    pub family: Family,
    /// When the owner signed in.
    pub created_at: OffsetDateTime,
}

/// How a rotation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It happened.
    Done,
    /// The family is no longer what it was read as, or gone: read again.
    Overtaken,
}

impl Sessions {
    /// The table that `SESSIONS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "SESSIONS_TABLE").map(Self)
    }

    /// Opens the connection ahead of the first request.
    pub async fn warm_up(&self) {
        self.0.warm_up("id").await;
    }

    /// Writes a session that has just begun. Its id is new: an item that is there already is ours, from a try whose
    /// reply got lost.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn start(&self, session: &Session) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        let Family {
            generation,
            epoch,
            expires_at,
            ..
        } = session.family;
        let result = client
            .put_item()
            .table_name(name)
            .item("id", s(session.id.to_string()))
            .item("user_id", s(session.user_id.to_string()))
            .item("family_key", b(*session.key.expose()))
            .item("generation", n(generation))
            .item("epoch", n(epoch))
            .item("created_at", at(session.created_at))
            .item("expires_at", n(expires_at.unix_timestamp()))
            .condition_expression("attribute_not_exists(id)")
            .send()
            .await;
        match result {
            Err(error) if !is_own_work(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The session of an id. Strongly consistent: what was rotated or ended a moment ago is.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let found = self.0.find([("id", id.to_string())]).await?;
        found.map(read).transpose()
    }

    /// Makes the next token the newest, in one write, if the family is still what `session` says.
    ///
    /// When a reply gets lost, the SDK's second try finds the first one's work and is overtaken by it. That is no special
    /// case: whoever reads again sees the token before the newest, a moment after its rotation.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn rotate(
        &self,
        session: &Session,
        now: OffsetDateTime,
    ) -> Result<Rotation, StoreError> {
        let Table { client, name } = &self.0;
        let update = client
            .update_item()
            .table_name(name)
            .key("id", s(session.id.to_string()))
            .update_expression("SET generation = :next, rotated_at = :at")
            // Whether it has expired was decided by the time the request came; that does not change.
            .condition_expression("generation = :read AND epoch = :epoch")
            .expression_attribute_values(":read", n(session.family.generation))
            .expression_attribute_values(":epoch", n(session.family.epoch))
            .expression_attribute_values(":next", n(session.family.rotated(now).generation))
            .expression_attribute_values(":at", milliseconds(now));
        // A password change may be taking it along.
        match retry_conflicts(|| update.clone().send()).await {
            Ok(_) => Ok(Rotation::Done),
            Err(error) if is_conditional_check(&error) => Ok(Rotation::Overtaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a session. No condition is needed: ids are never used again, and what is gone stays gone.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end(&self, id: SessionId) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        let delete = client
            .delete_item()
            .table_name(name)
            .key("id", s(id.to_string()));
        retry_conflicts(|| delete.clone().send()).await?;
        Ok(())
    }

    /// The epoch of a session, while it lasts. It asks for this attribute alone, because its caller may read no others.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn epoch(&self, id: SessionId) -> Result<Option<u64>, StoreError> {
        let Table { client, name } = &self.0;
        let found = client
            .get_item()
            .table_name(name)
            .key("id", s(id.to_string()))
            .projection_expression("epoch")
            .consistent_read(true)
            .send()
            .await?;
        found.item.map(|item| Row(item).number("epoch")).transpose()
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

fn is_own_work<R>(error: &SdkError<PutItemError, R>) -> bool {
    error
        .as_service_error()
        .is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn read(mut row: Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.parsed("id", SessionId::parse)?,
        user_id: row.parsed("user_id", UserId::parse)?,
        key: FamilyKey::from_bytes(row.bytes("family_key")?),
        family: family(&mut row)?,
        created_at: row.time("created_at")?,
    })
}

fn family(row: &mut Row) -> Result<Family, StoreError> {
    let expires_at = OffsetDateTime::from_unix_timestamp(row.number("expires_at")?);
    Ok(Family {
        generation: row.number("generation")?,
        rotated_at: row.optional_milliseconds("rotated_at"),
        epoch: row.number("epoch")?,
        expires_at: expires_at.map_err(|_| StoreError::Corrupt("expires_at"))?,
    })
}
