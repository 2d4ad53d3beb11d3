use auth::password::PasswordHash;
use aws_sdk_dynamodb::Client;
use domain::{AccountRef, Email, FailedAttempts, Lockout, Roles, Status, UserId};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, at, item, n, role_words, s},
    table::Table,
    write::{Item, Write},
};

/// The credentials of accounts: canonical e-mail -> user id, password hash, roles, status.
///
/// Only the functions `signin`, `account` and `upload-locks` may read a hash.
#[derive(Debug, Clone)]
pub struct Credentials(pub(crate) Table);

/// A credential: everything that sign-in reads, in one item.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The user that it belongs to.
    pub user_id: UserId,
    /// The bcrypt hash of the password.
    pub hash: PasswordHash,
    /// What the user may do; goes into the access token.
    pub roles: Roles,
    /// Whether the account may sign in.
    pub status: Status,
    /// The epoch of the account's sessions: a new password begins the next one, and sessions of earlier ones have ended.
    pub session_epoch: u64,
    /// The wrong guesses at the password, and the wait that they cause.
    pub lockout: Lockout,
}

/// The account of an address, for callers that may not read the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialSummary {
    /// The user that it belongs to.
    pub user_id: UserId,
    /// Whether the account may sign in.
    pub status: Status,
    /// As in [`Credential::session_epoch`].
    pub session_epoch: u64,
}

impl Credentials {
    /// The table that `CREDENTIALS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "CREDENTIALS_TABLE").map(Self)
    }

    /// The credential of an address. Strongly consistent: a user can sign in directly after signing up.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, email: &Email) -> Result<Option<Credential>, StoreError> {
        let found = self.0.find(key(email)).await?;
        found.map(read).transpose()
    }

    /// The account of an address, without the hash.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find_summary(
        &self,
        email: &Email,
    ) -> Result<Option<CredentialSummary>, StoreError> {
        let attributes = "user_id, #status, session_epoch";
        let found = self.0.find_attributes(key(email), attributes).await?;
        let read = |mut row: Row| {
            Ok(CredentialSummary {
                user_id: row.parsed("user_id", UserId::parse)?,
                status: status(&mut row)?,
                session_epoch: row.number("session_epoch")?,
            })
        };
        found.map(read).transpose()
    }

    /// The user of an address; no other attribute is read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find_user_id(&self, email: &Email) -> Result<Option<UserId>, StoreError> {
        let found = self.0.find_attributes(key(email), "user_id").await?;
        found
            .map(|mut row| row.parsed("user_id", UserId::parse))
            .transpose()
    }

    /// The user whose verified address this is. Reads no other attribute than the user and the time of the verification.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find_verified(&self, email: &Email) -> Result<Option<UserId>, StoreError> {
        let found = self.0.find_attributes(key(email), "user_id, verified_at");
        let Some(mut row) = found.await? else {
            return Ok(None);
        };
        let is_verified = row.optional_text("verified_at").is_some();
        let user = row.parsed("user_id", UserId::parse)?;
        Ok(is_verified.then_some(user))
    }

    /// Replaces the hash by one of the same password, unless it is no longer `old`: then another request replaced it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn renew_hash(
        &self,
        email: &Email,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StoreError> {
        let update = self.update(email).set("#hash = :new");
        let update = update
            .only_if("#hash = :old")
            .bind([(":new", s(new.as_str())), (":old", s(old.as_str()))]);
        update.send().await.map(|_| ())
    }

    /// The part of a sign-up that takes the address.
    pub(crate) fn put_new(&self, email: &Email, credential: &Credential) -> Write {
        self.put(write(email, credential))
    }

    /// The part of finishing a sign-up that takes the address, which the mailed link verified.
    pub(crate) fn put_verified(
        &self,
        email: &Email,
        credential: &Credential,
        now: OffsetDateTime,
    ) -> Write {
        let mut item = write(email, credential);
        item.insert("verified_at".to_owned(), at(now));
        self.put(item)
    }

    fn put(&self, item: Item) -> Write {
        self.0.put(item).only_if("attribute_not_exists(email)")
    }

    /// The part of a verification that records it, if the address still belongs to that user.
    pub(crate) fn verify(&self, account: AccountRef<'_>, now: OffsetDateTime) -> Write {
        self.update(account.email)
            .set("verified_at = if_not_exists(verified_at, :now)")
            .only_if("user_id = :user")
            .bind([(":now", at(now)), (":user", s(account.user_id.to_string()))])
    }

    /// The part of a password reset that replaces the hash and begins the next session epoch, if the account still belongs to
    /// that user, is active, and in the epoch in which the reset was requested. It unlocks the account, and verifies the
    /// address, because the mail was received there.
    pub(crate) fn reset(
        &self,
        account: AccountRef<'_>,
        epoch: u64,
        new: &PasswordHash,
        now: OffsetDateTime,
    ) -> Write {
        self.update(account.email)
            .set("#hash = :new, session_epoch = :next")
            .set("verified_at = if_not_exists(verified_at, :now)")
            .remove("failures, locked_until")
            .only_if("user_id = :user AND session_epoch = :epoch AND #status = :active")
            .bind([
                (":new", s(new.as_str())),
                (":next", n(epoch + 1)),
                (":now", at(now)),
                (":user", s(account.user_id.to_string())),
                (":epoch", n(epoch)),
                (":active", s(Status::Active.as_str())),
            ])
    }

    /// The part of a password change that replaces the hash, clears the wrong guesses at the old one and begins the next
    /// session epoch, unless the hash is no longer `old` or the epoch no longer `epoch`.
    pub(crate) fn replace_hash(
        &self,
        email: &Email,
        old: &PasswordHash,
        new: &PasswordHash,
        epoch: u64,
    ) -> Write {
        self.update(email)
            .set("#hash = :new, session_epoch = session_epoch + :one")
            .remove("failures, locked_until, write_id")
            .only_if("#hash = :old AND session_epoch = :epoch")
            .bind([
                (":new", s(new.as_str())),
                (":old", s(old.as_str())),
                (":one", n(1)),
                (":epoch", n(epoch)),
            ])
    }

    /// The part of the end of all sessions that begins the next epoch, unless it is no longer `epoch`, or the address belongs
    /// to another user.
    pub(crate) fn raise_epoch(&self, account: AccountRef<'_>, epoch: u64) -> Write {
        self.update(account.email)
            .set("session_epoch = session_epoch + :one")
            .only_if("session_epoch = :epoch AND user_id = :user")
            .bind([
                (":one", n(1)),
                (":epoch", n(epoch)),
                (":user", s(account.user_id.to_string())),
            ])
    }

    /// The part of a change of roles, unless the address belongs to another user.
    pub(crate) fn set_roles(&self, account: AccountRef<'_>, roles: &Roles) -> Write {
        let update = self
            .update(account.email)
            .only_if("user_id = :id")
            .bind([(":id", s(account.user_id.to_string()))]);
        match role_words(roles) {
            Some(words) => update.set("#roles = :roles").bind([(":roles", words)]),
            None => update.remove("#roles"),
        }
    }

    /// The part of a change of status, unless the epoch is no longer `epoch` or the address belongs to another user. It begins
    /// the next epoch if it ends the sessions.
    pub(crate) fn set_status(
        &self,
        account: AccountRef<'_>,
        epoch: u64,
        status: Status,
        ends_sessions: bool,
    ) -> Write {
        self.update(account.email)
            .set("#status = :status, session_epoch = session_epoch + :ended")
            .only_if("session_epoch = :epoch AND user_id = :user")
            .bind([
                (":status", s(status.as_str())),
                (":ended", n(u8::from(ends_sessions))),
                (":epoch", n(epoch)),
                (":user", s(account.user_id.to_string())),
            ])
    }

    /// The part of an account's deletion by its owner that frees the address, unless its hash is no longer `old`.
    pub(crate) fn remove(&self, email: &Email, old: &PasswordHash) -> Write {
        self.0
            .delete(key(email))
            .only_if("#hash = :old")
            .bind([(":old", s(old.as_str()))])
    }

    /// The part of an account's deletion by an administrator that frees the address, unless it belongs to another user.
    pub(crate) fn remove_of(&self, account: AccountRef<'_>) -> Write {
        self.0
            .delete(key(account.email))
            .only_if("user_id = :user")
            .bind([(":user", s(account.user_id.to_string()))])
    }

    fn update(&self, email: &Email) -> Write {
        self.0.update(key(email))
    }
}

pub(crate) fn key(email: &Email) -> [(&'static str, String); 1] {
    [("email", email.canonical().to_owned())]
}

pub(crate) fn write(email: &Email, credential: &Credential) -> Item {
    let mut item = item([
        ("email", s(email.canonical())),
        ("user_id", s(credential.user_id.to_string())),
        ("hash", s(credential.hash.as_str())),
        ("status", s(credential.status.as_str())),
        ("session_epoch", n(credential.session_epoch)),
    ]);
    item.extend(role_words(&credential.roles).map(|words| ("roles".to_owned(), words)));
    item
}

fn read(mut row: Row) -> Result<Credential, StoreError> {
    Ok(Credential {
        user_id: row.parsed("user_id", UserId::parse)?,
        hash: row.parsed("hash", PasswordHash::parse)?,
        roles: row.roles("roles"),
        status: status(&mut row)?,
        session_epoch: row.number("session_epoch")?,
        lockout: lockout(&mut row),
    })
}

pub(crate) fn lockout(row: &mut Row) -> Lockout {
    Lockout {
        failed: FailedAttempts::new(row.optional_number("failures").unwrap_or_default()),
        locked_until: row.optional_milliseconds("locked_until"),
    }
}

pub(crate) fn status(row: &mut Row) -> Result<Status, StoreError> {
    Status::parse(&row.text("status")?).ok_or(StoreError::Corrupt("status"))
}
