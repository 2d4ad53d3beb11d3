use aws_sdk_dynamodb::types::{ConditionCheck, Delete, TransactWriteItem, Update};
use domain::{Role, Roles, Status, User, UserId};
use time::OffsetDateTime;

use crate::{
    Credentials, StoreError, Users,
    row::{at, n, s},
    table::Table,
    transaction::{Outcome, transact},
};

/// How often a change is tried on an account that changes at the same time.
const TRIES: usize = 8;

/// What an administrator wants of somebody else's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order<'a> {
    /// The user may sign in, or no longer. Disabling ends all sessions.
    Status(Status),
    /// The user has these roles and no others. The sessions go on: the next refresh gives a token with the new roles.
    Roles(&'a Roles),
    /// The account goes, as by [`super::delete`] for its owner.
    Deletion,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Managed {
    /// It happened. The user as it is now, or as it was before its deletion.
    Changed(Box<User>),
    /// It was so already.
    Unchanged(Box<User>),
    /// There is no such account.
    Gone,
    /// Who wants it is no administrator any more, or may no longer sign in.
    NotAdmin,
    /// It is the administrator's own account.
    Yourself,
    /// The account changed at the same time, again and again.
    Outdated,
}

/// Does what the user `admin` wants of another's account.
///
/// That `admin` is an administrator and may sign in is a condition of the change itself: of two who take the role from
/// each other at once, the second fails. Nothing of the credential is read.
///
/// # Errors
/// When the tables do not answer.
pub async fn manage(
    tables: (&Credentials, &Users),
    (admin, id): (UserId, UserId),
    order: Order<'_>,
    now: OffsetDateTime,
) -> Result<Managed, StoreError> {
    let (credentials, users) = tables;
    if admin == id {
        return Ok(Managed::Yourself);
    }
    for _ in 0..TRIES {
        let Some((user, epoch)) = users.find_with_epoch(id).await? else {
            return Ok(Managed::Gone);
        };
        if order.is_done(&user) {
            return Ok(Managed::Unchanged(Box::new(user)));
        }
        let [credential, profile] = order.parts(tables, &user, epoch, now)?;
        let parts = vec![credential, profile, is_admin(&users.0, admin)?];
        match transact(&credentials.0.client, parts).await? {
            Outcome::Committed => return Ok(Managed::Changed(Box::new(order.applied(user, now)))),
            Outcome::Refused(failed) if failed.get(2) == Some(&true) => {
                return Ok(Managed::NotAdmin);
            }
            // The account is not what it was when it was read.
            Outcome::Refused(_) => {}
        }
    }
    Ok(Managed::Outdated)
}

/// The part that fails unless the user is an administrator who may sign in.
fn is_admin(users: &Table, id: UserId) -> Result<TransactWriteItem, StoreError> {
    let check = ConditionCheck::builder()
        .table_name(&users.name)
        .key("id", s(id.to_string()))
        .condition_expression(
            "contains(#roles, :admin) AND (attribute_not_exists(#status) OR #status = :active)",
        )
        .expression_attribute_names("#roles", "roles")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":admin", s(Role::Admin.as_str()))
        .expression_attribute_values(":active", s(Status::Active.as_str()))
        .build();
    Ok(TransactWriteItem::builder().condition_check(check?).build())
}

impl Order<'_> {
    fn is_done(self, user: &User) -> bool {
        match self {
            Self::Status(status) => user.status == status,
            Self::Roles(roles) => user.roles == *roles,
            Self::Deletion => false,
        }
    }

    /// The user afterwards; of a deletion, before it.
    fn applied(self, user: User, now: OffsetDateTime) -> User {
        let (status, roles) = match self {
            Self::Status(status) => (status, user.roles),
            Self::Roles(roles) => (user.status, roles.clone()),
            Self::Deletion => return user,
        };
        User {
            status,
            roles,
            version: user.version + 1,
            updated_at: now,
            ..user
        }
    }

    /// The parts of the transaction for the credential and for the user, if the address is still this user's and the
    /// user as it was read.
    fn parts(
        self,
        (credentials, users): (&Credentials, &Users),
        user: &User,
        epoch: u64,
        now: OffsetDateTime,
    ) -> Result<[TransactWriteItem; 2], StoreError> {
        Ok(match self {
            Self::Status(status) => set_status((credentials, users), user, epoch, status, now)?,
            Self::Roles(roles) => [
                credentials.set_roles(&user.email, user.id, roles)?,
                users.set_roles(user, roles, now)?,
            ],
            Self::Deletion => [
                remove_credential(&credentials.0, user)?,
                users.remove(user.id)?,
            ],
        })
    }
}

/// Whoever is shut out is shut out everywhere: with it the next epoch begins, and earlier sessions end.
fn set_status(
    (credentials, users): (&Credentials, &Users),
    user: &User,
    epoch: u64,
    status: Status,
    now: OffsetDateTime,
) -> Result<[TransactWriteItem; 2], StoreError> {
    let ended = u8::from(status == Status::Disabled);
    let part = |table: &Table, set: &str, condition: &str| {
        let set = format!("SET #status = :status, session_epoch = session_epoch + :ended{set}");
        Update::builder()
            .table_name(&table.name)
            .update_expression(set)
            .condition_expression(format!("session_epoch = :epoch AND {condition}"))
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", s(status.as_str()))
            .expression_attribute_values(":ended", n(ended))
            .expression_attribute_values(":epoch", n(epoch))
    };
    let credential = part(&credentials.0, "", "user_id = :user")
        .key("email", s(user.email.canonical()))
        .expression_attribute_values(":user", s(user.id.to_string()));
    let set = ", #version = :next, updated_at = :now";
    let profile = part(&users.0, set, "#version = :version")
        .key("id", s(user.id.to_string()))
        .expression_attribute_names("#version", "version")
        .expression_attribute_values(":version", n(user.version))
        .expression_attribute_values(":next", n(user.version + 1))
        .expression_attribute_values(":now", at(now));
    let part = |update| TransactWriteItem::builder().update(update).build();
    Ok([part(credential.build()?), part(profile.build()?)])
}

/// Frees the address, unless it is another user's by now.
fn remove_credential(credentials: &Table, user: &User) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(&credentials.name)
        .key("email", s(user.email.canonical()))
        .condition_expression("user_id = :user")
        .expression_attribute_values(":user", s(user.id.to_string()))
        .build();
    Ok(TransactWriteItem::builder().delete(delete?).build())
}
