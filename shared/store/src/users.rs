use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{
        Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};
use domain::{Email, Name, Patch, ProfilePatch, Roles, User, UserId};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, at, n, s, words},
    table::Table,
    transaction::retry_conflicts,
};

pub(crate) mod item;
mod listing;
mod update;

use self::{item::read, update::Update as Expression};

/// Who there is: user id -> profile, with an index for the listing.
#[derive(Debug, Clone)]
pub struct Users(pub(crate) Table);

/// What a user changes of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The new name, if any; it is never removed.
    pub name: Patch<Name>,
    /// The changes to the profile.
    pub profile: ProfilePatch,
}

/// What a session depends on.
#[derive(Debug, Clone)]
pub struct AccountState {
    /// Where the credential is.
    pub email: Email,
    /// What the user may do now; goes into the next access token.
    pub roles: Roles,
    /// As in [`crate::Credential::session_epoch`]: the two change in one transaction.
    pub session_epoch: u64,
}

/// How an update ended.
#[derive(Debug)]
pub enum Updated {
    /// It happened; this is the user now.
    Done(Box<User>),
    /// The user is not of the version that the caller knows.
    Stale,
    /// There is no such user.
    Gone,
}

impl Users {
    /// The table that `USERS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "USERS_TABLE").map(Self)
    }

    /// Opens the connection ahead of the first request.
    pub async fn warm_up(&self) {
        self.0.warm_up("id").await;
    }

    /// The user of an id. Strongly consistent: people see what they just changed.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.row(id).await?.map(read).transpose()
    }

    /// The user of an id, and the account's session epoch.
    pub(crate) async fn find_with_epoch(
        &self,
        id: UserId,
    ) -> Result<Option<(User, u64)>, StoreError> {
        let Some(mut row) = self.row(id).await? else {
            return Ok(None);
        };
        let epoch = row.number("session_epoch")?;
        Ok(Some((read(row)?, epoch)))
    }

    /// What the user's sessions depend on, as it is now.
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
        self.0.find([("id", id.to_string())]).await
    }

    /// The address of a user, and nothing else of the profile: for those who may see no more.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn address(&self, id: UserId) -> Result<Option<Email>, StoreError> {
        let Table { client, name } = &self.0;
        let found = client
            .get_item()
            .table_name(name)
            .key("id", s(id.to_string()))
            .projection_expression("email, email_canonical")
            .consistent_read(true)
            .send()
            .await?;
        let read = |item| {
            let mut row = Row(item);
            Ok(Email::stored(
                row.text("email")?,
                row.text("email_canonical")?,
            ))
        };
        found.item.map(read).transpose()
    }

    /// The session epoch of an active account; `None` when it is disabled or deleted. It asks for these attributes alone,
    /// because its caller may read no others.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn active_epoch(&self, id: UserId) -> Result<Option<u64>, StoreError> {
        let Table { client, name } = &self.0;
        let found = client
            .get_item()
            .table_name(name)
            .key("id", s(id.to_string()))
            .projection_expression("#status, session_epoch")
            .expression_attribute_names("#status", "status")
            .consistent_read(true)
            .send()
            .await?;
        let Some(mut row) = found.item.map(Row) else {
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
        changes: &Changes,
        versions: Option<&[u64]>,
        now: OffsetDateTime,
    ) -> Result<Updated, StoreError> {
        let Table { client, name } = &self.0;
        let update = Expression::new(changes, versions, now);
        let request = client
            .update_item()
            .table_name(name)
            .key("id", s(id.to_string()))
            .update_expression(update.expression())
            .condition_expression(&update.condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match retry_conflicts(|| request.clone().send()).await {
            Ok(output) => {
                let item = output.attributes.ok_or(StoreError::Corrupt("attributes"))?;
                read(Row(item)).map(Box::new).map(Updated::Done)
            }
            Err(error) => refused(error, &update.write_id),
        }
    }

    /// The part of sign-up that makes the user.
    pub(crate) fn put_new(&self, user: &User, epoch: u64) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.0.name)
            .set_item(Some(item::write(user, epoch)))
            .condition_expression("attribute_not_exists(id)")
            .build();
        Ok(TransactWriteItem::builder().put(put?).build())
    }

    /// The part of a password change or reset, or of the end of all sessions, that begins the next epoch, unless it is no
    /// longer `epoch`.
    pub(crate) fn raise_epoch(
        &self,
        id: UserId,
        epoch: u64,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.0.name)
            .key("id", s(id.to_string()))
            .update_expression("SET session_epoch = session_epoch + :one")
            .condition_expression("session_epoch = :epoch")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":epoch", n(epoch))
            .build();
        Ok(TransactWriteItem::builder().update(update?).build())
    }

    /// The part of a change of roles, unless the user is no longer as it was read.
    pub(crate) fn set_roles(
        &self,
        read: &User,
        roles: &Roles,
        now: OffsetDateTime,
    ) -> Result<TransactWriteItem, StoreError> {
        let roles = words("roles", roles.iter().map(|role| role.as_str()));
        let (set, remove) = match &roles {
            Some(_) => (", #roles = :roles", ""),
            None => ("", " REMOVE #roles"),
        };
        let update = Update::builder()
            .table_name(&self.0.name)
            .key("id", s(read.id.to_string()))
            .update_expression(format!(
                "SET #version = :next, updated_at = :now{set}{remove}"
            ))
            .condition_expression("#version = :read")
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#roles", "roles")
            .expression_attribute_values(":read", n(read.version))
            .expression_attribute_values(":next", n(read.version + 1))
            .expression_attribute_values(":now", at(now));
        let update = roles.into_iter().fold(update, |update, (_, roles)| {
            update.expression_attribute_values(":roles", roles)
        });
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// The part of an account's deletion that removes the user.
    pub(crate) fn remove(&self, id: UserId) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.0.name)
            .key("id", s(id.to_string()))
            .condition_expression("attribute_exists(id)")
            .build();
        Ok(TransactWriteItem::builder().delete(delete?).build())
    }
}

/// The condition failed. Either there is no such user, or the version is another; and when the last write was this
/// very one, an earlier try of it succeeded and its reply got lost.
fn refused<R: std::fmt::Debug>(
    error: SdkError<UpdateItemError, R>,
    write_id: &str,
) -> Result<Updated, StoreError> {
    let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error()
    else {
        return Err(error.into());
    };
    let Some(item) = failed.item.clone() else {
        return Ok(Updated::Gone);
    };
    let mut row = Row(item);
    if row.optional_text("write_id").as_deref() == Some(write_id) {
        read(row).map(Box::new).map(Updated::Done)
    } else {
        Ok(Updated::Stale)
    }
}
