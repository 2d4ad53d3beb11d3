use domain::{AccountRef, AdminAction, AdminChange, User, UserId};
use time::OffsetDateTime;

use super::AccountTables;
use crate::{
    StoreError,
    transaction::{Outcome, Transaction},
};

/// How often an action is tried on an account that changes at the same time.
const TRIES: usize = 8;

/// How an administrator's action ended.
#[derive(Debug, PartialEq, Eq)]
pub enum AdminOutcome {
    /// The account is changed. The user as it is now, or as it was before its deletion.
    Changed(Box<User>),
    /// The account already was as requested.
    Unchanged(Box<User>),
    /// There is no such account.
    NotFound,
    /// The user who requested it is not an administrator, or may not sign in.
    NotAdmin,
    /// It is the administrator's own account.
    OwnAccount,
    /// The account changed at the same time, at every try.
    Conflict,
}

/// The parts of an action, in the order in which they decide why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Admin,
    Credential,
    User,
    /// The record of a deletion.
    Deletion,
}

/// Carries out what the user `admin` does to another account.
///
/// That `admin` is an administrator and may sign in is a condition of the transaction itself: of two administrators who take
/// the role from each other at once, the second fails. Nothing of the credential is read.
///
/// # Errors
/// When the tables do not answer.
pub async fn apply_admin_action(
    tables: AccountTables<'_>,
    admin: UserId,
    target: UserId,
    action: AdminAction<'_>,
    now: OffsetDateTime,
) -> Result<AdminOutcome, StoreError> {
    if !AdminAction::may_target(admin, target) {
        return Ok(AdminOutcome::OwnAccount);
    }
    apply(tables, Some(admin), target, action, now).await
}

/// Carries out what the operator of the stack does to an account: as [`apply_admin_action`], without an administrator. The
/// operator's right to do so is the access to the tables.
///
/// # Errors
/// When the tables do not answer.
pub async fn apply_operator_action(
    tables: AccountTables<'_>,
    target: UserId,
    action: AdminAction<'_>,
    now: OffsetDateTime,
) -> Result<AdminOutcome, StoreError> {
    apply(tables, None, target, action, now).await
}

async fn apply(
    tables: AccountTables<'_>,
    admin: Option<UserId>,
    target: UserId,
    action: AdminAction<'_>,
    now: OffsetDateTime,
) -> Result<AdminOutcome, StoreError> {
    for _ in 0..TRIES {
        let Some((user, epoch)) = tables.users.find_with_epoch(target).await? else {
            return Ok(AdminOutcome::NotFound);
        };
        let change = action.apply_to(&user, now);
        if change == AdminChange::Unchanged {
            return Ok(AdminOutcome::Unchanged(Box::new(user)));
        }
        let mut writes = transaction(tables, action, &user, epoch, now)?;
        if let Some(admin) = admin {
            writes = writes.and_check(Part::Admin, tables.users.check_is_admin(admin))?;
        }
        match writes.commit().await? {
            Outcome::Committed => {
                return Ok(AdminOutcome::Changed(match change {
                    AdminChange::Updated(after) => after,
                    AdminChange::Unchanged | AdminChange::Deleted => Box::new(user),
                }));
            }
            Outcome::Refused(failed) => match failed.first() {
                Part::Admin => return Ok(AdminOutcome::NotAdmin),
                // The account changed since it was read. The record of a deletion has no condition.
                Part::Credential | Part::User | Part::Deletion => {}
            },
        }
    }
    Ok(AdminOutcome::Conflict)
}

/// The parts for the credential and for the user, if the address still belongs to this user and the user is as it was read.
fn transaction(
    AccountTables { credentials, users }: AccountTables<'_>,
    action: AdminAction<'_>,
    user: &User,
    epoch: u64,
    now: OffsetDateTime,
) -> Result<Transaction<Part>, StoreError> {
    let account = AccountRef {
        user_id: user.id,
        email: &user.email,
    };
    let (credential, user, deletion) = match action {
        AdminAction::SetStatus(status) => {
            let ends = action.ends_sessions();
            (
                credentials.set_status(account, epoch, status, ends),
                users.set_status(user, epoch, status, ends, now),
                None,
            )
        }
        AdminAction::SetRoles(roles) => (
            credentials.set_roles(account, roles),
            users.set_roles(user, roles, now),
            None,
        ),
        AdminAction::Delete => {
            let [remove, record] = users.remove(user, now);
            (credentials.remove_of(account), remove, Some(record))
        }
    };
    Transaction::of((Part::Credential, credential), (Part::User, user))?
        .and_maybe(Part::Deletion, deletion)
}
