use auth::refresh::FamilyKey;
use aws_sdk_dynamodb::Client;
use domain::{SessionId, UserId, session::Family};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, at, b, item, milliseconds, n, s},
    table::Table,
    write::{Write, Written},
};

mod list;

pub use list::{LiveSessions, SessionEntry};

/// The sessions: one item for each refresh token family, with its key, its counter and its end.
#[derive(Debug, Clone)]
pub struct Sessions(pub(crate) Table);

/// A sign-in that refresh tokens extend.
#[derive(Debug)]
pub struct Session {
    /// Identifies the session and its refresh token family.
    pub id: SessionId,
    /// The user who signed in.
    pub user_id: UserId,
    /// The key that all refresh tokens of the family are derived from.
    pub key: FamilyKey,
    /// Which refresh tokens are valid. Its end is also the item's TTL, which deletes late and is never relied upon.
    pub family: Family,
    /// When the user signed in.
    pub created_at: OffsetDateTime,
}

/// How a rotation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The next token is the newest.
    Rotated,
    /// The session changed since it was read, or was deleted: read it again.
    Conflict,
}

impl Sessions {
    /// The table that `SESSIONS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "SESSIONS_TABLE").map(Self)
    }

    /// Stores a new session. Its id is new: an item that exists already was written by an earlier try whose reply got lost.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn start(&self, session: &Session) -> Result<(), StoreError> {
        let Family {
            generation,
            epoch,
            expires_at,
            ..
        } = session.family;
        let item = item([
            ("user_part", s(session.id.user_part())),
            ("id", s(session.id.to_string())),
            ("user_id", s(session.user_id.to_string())),
            ("family_key", b(*session.key.expose())),
            ("generation", n(generation)),
            ("epoch", n(epoch)),
            ("created_at", at(session.created_at)),
            ("expires_at", n(expires_at.unix_timestamp())),
        ]);
        let put = self.0.put(item).only_if("attribute_not_exists(id)");
        put.send().await.map(|_| ())
    }

    /// The session of an id. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let found = self.0.find(key(id)).await?;
        found.map(read).transpose()
    }

    /// Makes the next token the newest, in one write, if the family is still as `session` has it.
    ///
    /// When a reply gets lost, the SDK's second try meets the first one's work and reports a conflict. The caller then reads
    /// again and finds its token the one before the newest, a moment after its rotation, which gets the same successor.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn rotate(
        &self,
        session: &Session,
        now: OffsetDateTime,
    ) -> Result<Rotation, StoreError> {
        let update = self.0.update(key(session.id));
        let update = update
            .set("generation = :next, rotated_at = :at")
            // Whether it has expired was decided by the time the request came; that does not change.
            .only_if("generation = :read AND epoch = :epoch")
            .bind([
                (":read", n(session.family.generation)),
                (":epoch", n(session.family.epoch)),
                (":next", n(session.family.rotated(now).generation)),
                (":at", milliseconds(now)),
            ]);
        Ok(match update.send().await? {
            Written::Done(_) => Rotation::Rotated,
            Written::ConditionFailed(_) => Rotation::Conflict,
        })
    }

    /// Deletes a session. It needs no condition: ids are never used again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end(&self, id: SessionId) -> Result<(), StoreError> {
        let delete = self.0.delete(key(id));
        delete.send().await.map(|_| ())
    }

    /// The epoch of a session, if it exists; no other attribute is read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn epoch(&self, id: SessionId) -> Result<Option<u64>, StoreError> {
        let found = self.0.find_attributes(key(id), "epoch").await?;
        found.map(|mut row| row.number("epoch")).transpose()
    }

    /// The part of a password change that moves one session into the account's next epoch, if it is of the present one: a
    /// session that was ended before stays ended.
    pub(crate) fn raise_epoch(&self, id: SessionId, epoch: u64) -> Write {
        self.0
            .update(key(id))
            .set("epoch = epoch + :one")
            .only_if("epoch = :epoch")
            .bind([(":one", n(1)), (":epoch", n(epoch))])
    }
}

/// The key of an item. The user's part of the id comes first, so that the sessions of a user are one query.
fn key(id: SessionId) -> [(&'static str, String); 2] {
    [("user_part", id.user_part()), ("id", id.to_string())]
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
