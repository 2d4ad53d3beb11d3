use std::collections::HashMap;

use auth::password::PasswordHash;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Delete, Put, TransactWriteItem, Update},
};
use domain::{Email, FailedAttempts, Role, Roles, Status, UserId};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, at, n, s, words},
    table::{Table, is_conditional_check},
    transaction::retry_conflicts,
};

/// What proves an account: canonical e-mail -> user id, password hash, roles, status.
///
/// Only the functions `signin`, `account` and `upload-locks` may read a hash.
#[derive(Debug, Clone)]
pub struct Credentials(pub(crate) Table);

/// What sign-in needs to know, in one item.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Whose it is.
    pub user_id: UserId,
    /// The bcrypt hash of the password.
    pub hash: PasswordHash,
    /// What the user may do; goes into the access token.
    pub roles: Roles,
    /// Whether the account may sign in.
    pub status: Status,
    /// Which generation of sessions lives: a new password starts the next one.
    pub session_epoch: u64,
    /// The wrong guesses at the password since the owner last gave the right one.
    pub failed: FailedAttempts,
    /// Until when nobody may guess at it.
    pub locked_until: Option<OffsetDateTime>,
}

/// Whose address it is, for those who must not see the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Whose it is.
    pub user_id: UserId,
    /// Whether the account may sign in.
    pub status: Status,
    /// Which generation of sessions lives.
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

    /// Opens the connection ahead of the first request.
    pub async fn warm_up(&self) {
        self.0.warm_up("email").await;
    }

    /// The credential of an address. Strongly consistent: somebody who signed up can sign in at once.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, email: &Email) -> Result<Option<Credential>, StoreError> {
        let found = self
            .0
            .find([("email", email.canonical().to_owned())])
            .await?;
        found.map(read).transpose()
    }

    /// Whose address this is. It asks for these attributes alone, because its caller may read no others.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn holder(&self, email: &Email) -> Result<Option<Holder>, StoreError> {
        let Table { client, name } = &self.0;
        let found = client
            .get_item()
            .table_name(name)
            .key("email", s(email.canonical()))
            .projection_expression("user_id, #status, session_epoch")
            .expression_attribute_names("#status", "status")
            .consistent_read(true)
            .send()
            .await?;
        let read = |item| {
            let mut row = Row(item);
            Ok(Holder {
                user_id: row.parsed("user_id", UserId::parse)?,
                status: Status::parse(&row.text("status")?).ok_or(StoreError::Corrupt("status"))?,
                session_epoch: row.number("session_epoch")?,
            })
        };
        found.item.map(read).transpose()
    }

    /// Replaces the hash, unless it changed since `old` was read: then somebody knew better, and that is fine.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn renew_hash(
        &self,
        email: &Email,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StoreError> {
        let Table { client, name } = &self.0;
        let update = client
            .update_item()
            .table_name(name)
            .key("email", s(email.canonical()))
            .update_expression("SET #hash = :new")
            .condition_expression("#hash = :old")
            .expression_attribute_names("#hash", "hash")
            .expression_attribute_values(":new", s(new.as_str()))
            .expression_attribute_values(":old", s(old.as_str()));
        match retry_conflicts(|| update.clone().send()).await {
            Err(error) if !is_conditional_check(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The part of sign-up that makes the address taken.
    pub(crate) fn put_new(
        &self,
        email: &Email,
        credential: &Credential,
    ) -> Result<TransactWriteItem, StoreError> {
        self.put(write(email, credential))
    }

    /// The part of finishing a sign-up that makes the address taken, by somebody who got mail there.
    pub(crate) fn put_verified(
        &self,
        email: &Email,
        credential: &Credential,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut item = write(email, credential);
        item.insert("verified_at".to_owned(), at(now));
        self.put(item)
    }

    fn put(&self, item: HashMap<String, AttributeValue>) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.0.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(email)")
            .build();
        Ok(TransactWriteItem::builder().put(put?).build())
    }

    /// The part of a verification that notes it, if the address still is that user's.
    pub(crate) fn verify(
        &self,
        email: &Email,
        user_id: UserId,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.0.name)
            .key("email", s(email.canonical()))
            .update_expression("SET verified_at = if_not_exists(verified_at, :now)")
            .condition_expression("user_id = :user")
            .expression_attribute_values(":now", at(now))
            .expression_attribute_values(":user", s(user_id.to_string()))
            .build();
        Ok(TransactWriteItem::builder().update(update?).build())
    }

    /// The part of a password reset that replaces the hash and begins the next session epoch, if the account still is
    /// that user's, active, and in the epoch in which the reset was asked for. Whoever forgot the password and got mail
    /// at the address has failed often enough, and has verified the address.
    pub(crate) fn reset(
        &self,
        email: &Email,
        holder: (UserId, u64),
        new: &PasswordHash,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let (user_id, epoch) = holder;
        let update = Update::builder()
            .table_name(&self.0.name)
            .key("email", s(email.canonical()))
            .update_expression(
                "SET #hash = :new, session_epoch = :next, verified_at = if_not_exists(verified_at, :now) \
                 REMOVE failures, locked_until",
            )
            .condition_expression("user_id = :user AND session_epoch = :epoch AND #status = :active")
            .expression_attribute_names("#hash", "hash")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":new", s(new.as_str()))
            .expression_attribute_values(":next", n(epoch + 1))
            .expression_attribute_values(":now", at(now))
            .expression_attribute_values(":user", s(user_id.to_string()))
            .expression_attribute_values(":epoch", n(epoch))
            .expression_attribute_values(":active", s(Status::Active.as_str()))
            .build();
        Ok(TransactWriteItem::builder().update(update?).build())
    }

    /// The part of a password change that replaces the hash, forgets wrong guesses at the old one and begins the next
    /// session epoch, unless the hash is no longer `old` or the epoch no longer `epoch`.
    pub(crate) fn replace_hash(
        &self,
        email: &Email,
        old: &PasswordHash,
        new: &PasswordHash,
        epoch: u64,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.0.name)
            .key("email", s(email.canonical()))
            .update_expression(
                "SET #hash = :new, session_epoch = session_epoch + :one \
                    REMOVE failures, locked_until, write_id",
            )
            .condition_expression("#hash = :old AND session_epoch = :epoch")
            .expression_attribute_names("#hash", "hash")
            .expression_attribute_values(":new", s(new.as_str()))
            .expression_attribute_values(":old", s(old.as_str()))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":epoch", n(epoch))
            .build();
        Ok(TransactWriteItem::builder().update(update?).build())
    }

    /// The part of the end of all sessions that begins the next epoch, unless it is no longer `epoch`, or the address
    /// another user's.
    pub(crate) fn raise_epoch(
        &self,
        email: &Email,
        user_id: UserId,
        epoch: u64,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.0.name)
            .key("email", s(email.canonical()))
            .update_expression("SET session_epoch = session_epoch + :one")
            .condition_expression("session_epoch = :epoch AND user_id = :user")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":epoch", n(epoch))
            .expression_attribute_values(":user", s(user_id.to_string()))
            .build();
        Ok(TransactWriteItem::builder().update(update?).build())
    }

    /// The part of a change of roles, unless the address is somebody else's by now.
    pub(crate) fn set_roles(
        &self,
        email: &Email,
        user_id: UserId,
        roles: &Roles,
    ) -> Result<TransactWriteItem, StoreError> {
        let roles = words("roles", roles.iter().map(|role| role.as_str()));
        let update = Update::builder()
            .table_name(&self.0.name)
            .key("email", s(email.canonical()))
            // There is no empty set: no roles is no attribute.
            .update_expression(match &roles {
                Some(_) => "SET #roles = :roles",
                None => "REMOVE #roles",
            })
            .condition_expression("user_id = :id")
            .expression_attribute_names("#roles", "roles")
            .expression_attribute_values(":id", s(user_id.to_string()));
        let update = roles.into_iter().fold(update, |update, (_, roles)| {
            update.expression_attribute_values(":roles", roles)
        });
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// The part of an account's deletion that frees the address, unless its hash is no longer `old`.
    pub(crate) fn remove(
        &self,
        email: &Email,
        old: &PasswordHash,
    ) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.0.name)
            .key("email", s(email.canonical()))
            .condition_expression("#hash = :old")
            .expression_attribute_names("#hash", "hash")
            .expression_attribute_values(":old", s(old.as_str()))
            .build();
        Ok(TransactWriteItem::builder().delete(delete?).build())
    }
}

fn write(email: &Email, credential: &Credential) -> HashMap<String, AttributeValue> {
    let mut item = HashMap::from([
        ("email".to_owned(), s(email.canonical())),
        ("user_id".to_owned(), s(credential.user_id.to_string())),
        ("hash".to_owned(), s(credential.hash.as_str())),
        ("status".to_owned(), s(credential.status.as_str())),
        ("session_epoch".to_owned(), n(credential.session_epoch)),
    ]);
    item.extend(words(
        "roles",
        credential.roles.iter().map(|role| role.as_str()),
    ));
    item
}

fn read(mut row: Row) -> Result<Credential, StoreError> {
    Ok(Credential {
        user_id: row.parsed("user_id", UserId::parse)?,
        hash: row.parsed("hash", PasswordHash::parse)?,
        roles: row
            .words("roles")
            .iter()
            .filter_map(|word| Role::parse(word))
            .collect(),
        status: Status::parse(&row.text("status")?).ok_or(StoreError::Corrupt("status"))?,
        session_epoch: row.number("session_epoch")?,
        failed: FailedAttempts::new(row.optional_number("failures").unwrap_or_default()),
        locked_until: row.optional_milliseconds("locked_until"),
    })
}
