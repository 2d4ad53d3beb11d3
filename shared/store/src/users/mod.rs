use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::{Client, types::ReturnValue};
use domain::{Email, Name, Patch, ProfilePatch, Role, Roles, Status, User, UserId};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, at, item, n, role_words, s},
    table::Table,
    write::{Check, Write, Written},
};

pub(crate) mod deletion;
pub(crate) mod item;
mod listing;
mod search;
mod update;

pub use self::deletion::is_deletion_key;
use self::item::read;
pub use self::search::{FoundByName, name_attributes};

/// The users: user id -> profile, with an index for the listing and one for the search by name.
#[derive(Debug, Clone)]
pub struct Users(pub(crate) Table);

/// The changes that a user makes to their own profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// The new name, if any; it is never removed.
    pub name: Patch<Name>,
    /// The changes to the other members.
    pub profile: ProfilePatch,
}

/// The state of an account that its sessions depend on.
#[derive(Debug, Clone)]
pub struct AccountState {
    /// The address, which is the key of the credential.
    pub email: Email,
    /// What the user may do now; goes into the next access token.
    pub roles: Roles,
    /// As in [`crate::Credential::session_epoch`]: the two change in one transaction.
    pub session_epoch: u64,
}

/// How an update of a user ended.
#[derive(Debug)]
pub enum UserUpdate {
    /// The user is changed to this.
    Updated(Box<User>),
    /// The user has a version that the caller does not know.
    VersionMismatch,
    /// There is no such user.
    NotFound,
}

impl Users {
    /// The table that `USERS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "USERS_TABLE").map(Self)
    }

    /// The user of an id. Strongly consistent: users see their own changes.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.row(id).await?.map(read).transpose()
    }

    /// The user of an id, and the account's session epoch. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find_with_epoch(&self, id: UserId) -> Result<Option<(User, u64)>, StoreError> {
        let Some(mut row) = self.row(id).await? else {
            return Ok(None);
        };
        let epoch = row.number("session_epoch")?;
        Ok(Some((read(row)?, epoch)))
    }

    /// The state of an account that its sessions depend on.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn account_state(&self, id: UserId) -> Result<Option<AccountState>, StoreError> {
        let found = self.find_with_epoch(id).await?;
        Ok(found.map(|(user, session_epoch)| AccountState {
            email: user.email,
            roles: user.roles,
            session_epoch,
        }))
    }

    async fn row(&self, id: UserId) -> Result<Option<Row>, StoreError> {
        self.0.find(key(id)).await
    }

    /// The address of a user; no other attribute is read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn address(&self, id: UserId) -> Result<Option<Email>, StoreError> {
        let attributes = "email, email_canonical";
        let found = self.0.find_attributes(key(id), attributes).await?;
        let read = |mut row: Row| {
            Ok(Email::stored(
                row.text("email")?,
                row.text("email_canonical")?,
            ))
        };
        found.map(read).transpose()
    }

    /// The names of up to 100 users. Users without an account are missing. No other attribute is read. Eventually consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn names(
        &self,
        ids: impl IntoIterator<Item = UserId>,
    ) -> Result<HashMap<UserId, Name>, StoreError> {
        let ids: HashSet<_> = ids.into_iter().collect();
        let keys = ids.into_iter().map(|id| item([("id", s(id.to_string()))]));
        let rows = self.0.find_batch(keys.collect(), Some("id, #name"), false);
        let read = |mut row: Row| {
            let name = Name::stored(row.text("name")?);
            Ok((row.parsed("id", UserId::parse)?, name))
        };
        rows.await?.into_iter().map(read).collect()
    }

    /// The session epoch of an active account; `None` when it is disabled or deleted. No other attribute is read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn active_epoch(&self, id: UserId) -> Result<Option<u64>, StoreError> {
        let attributes = "#status, session_epoch";
        let Some(mut row) = self.0.find_attributes(key(id), attributes).await? else {
            return Ok(None);
        };
        // An active account has no status in this table.
        let is_active = row.optional_text("status").is_none();
        let epoch = row.number("session_epoch")?;
        Ok(is_active.then_some(epoch))
    }

    /// Changes a user in one conditional write, of any version or only of one of `versions`.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn update(
        &self,
        id: UserId,
        changes: &UserChanges,
        versions: Option<&[u64]>,
        now: OffsetDateTime,
    ) -> Result<UserUpdate, StoreError> {
        let update = update::change(self.0.update(key(id)), id, changes, versions, now);
        match update.send_marked(ReturnValue::AllNew).await? {
            Written::Done(item) => {
                let item = item.ok_or(StoreError::Corrupt("attributes"))?;
                read(item).map(Box::new).map(UserUpdate::Updated)
            }
            Written::ConditionFailed(Some(_)) => Ok(UserUpdate::VersionMismatch),
            Written::ConditionFailed(None) => Ok(UserUpdate::NotFound),
        }
    }

    /// The part of a sign-up that creates the user.
    pub(crate) fn put_new(&self, user: &User, epoch: u64) -> Write {
        let put = self.0.put(item::write(user, epoch));
        put.only_if("attribute_not_exists(id)")
    }

    /// The part of a password change or reset, or of the end of all sessions, that begins the next epoch, unless it is no
    /// longer `epoch`.
    pub(crate) fn raise_epoch(&self, id: UserId, epoch: u64) -> Write {
        self.0
            .update(key(id))
            .set("session_epoch = session_epoch + :one")
            .only_if("session_epoch = :epoch")
            .bind([(":one", n(1)), (":epoch", n(epoch))])
    }

    /// The part of a change of roles, unless the user changed since it was read.
    pub(crate) fn set_roles(&self, read: &User, roles: &Roles, now: OffsetDateTime) -> Write {
        let update = self.next_version(read, now);
        match role_words(roles) {
            Some(words) => update.set("#roles = :roles").bind([(":roles", words)]),
            None => update.remove("#roles"),
        }
    }

    /// The part of a change of status, unless the user changed since it was read, or the epoch is no longer `epoch`. It begins
    /// the next epoch if it ends the sessions.
    pub(crate) fn set_status(
        &self,
        read: &User,
        epoch: u64,
        status: Status,
        ends_sessions: bool,
        now: OffsetDateTime,
    ) -> Write {
        self.next_version(read, now)
            .set("#status = :status, session_epoch = session_epoch + :ended")
            .only_if("session_epoch = :epoch")
            .bind([
                (":status", s(status.as_str())),
                (":ended", n(u8::from(ends_sessions))),
                (":epoch", n(epoch)),
            ])
    }

    /// An update to the next version, unless the user changed since it was read.
    fn next_version(&self, read: &User, now: OffsetDateTime) -> Write {
        self.0
            .update(key(read.id))
            .set("#version = :next, updated_at = :now")
            .only_if("#version = :read")
            .bind([
                (":read", n(read.version)),
                (":next", n(read.version + 1)),
                (":now", at(now)),
            ])
    }

    /// The part of a verification of the address that records it for the events of the user.
    pub(crate) fn verify(&self, id: UserId, now: OffsetDateTime) -> Write {
        record_verification(self.0.update(key(id)), now).only_if("attribute_exists(id)")
    }

    /// The part of a password reset that begins the next epoch, unless it is no longer `epoch`, and records that the address is
    /// verified.
    pub(crate) fn reset(&self, id: UserId, epoch: u64, now: OffsetDateTime) -> Write {
        record_verification(self.raise_epoch(id, epoch), now)
    }

    /// The parts of an account's deletion that remove the user, unless they changed since they were read, and that leave the
    /// record of the deletion.
    pub(crate) fn remove(&self, read: &User, now: OffsetDateTime) -> [Write; 2] {
        let delete = self.0.delete(key(read.id)).only_if("#version = :read");
        let delete = delete.bind([(":read", n(read.version))]);
        let delete = match read.verified_at {
            Some(_) => delete,
            // A verification does not raise the version.
            None => delete.only_if("attribute_not_exists(verified_at)"),
        };
        let record = deletion::write(&deletion::of(read, now));
        [delete, self.0.put(record)]
    }

    /// The part that fails unless the user is an administrator who may sign in.
    pub(crate) fn check_is_admin(&self, id: UserId) -> Check {
        let condition =
            "contains(#roles, :admin) AND (attribute_not_exists(#status) OR #status = :active)";
        self.0.check(key(id), condition).bind([
            (":admin", s(Role::Admin.as_str())),
            (":active", s(Status::Active.as_str())),
        ])
    }
}

fn record_verification(user: Write, now: OffsetDateTime) -> Write {
    user.set("verified_at = if_not_exists(verified_at, :now)")
        .bind([(":now", at(now))])
}

fn key(id: UserId) -> [(&'static str, String); 1] {
    [("id", id.to_string())]
}
