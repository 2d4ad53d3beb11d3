use domain::{AccountRef, Roles, User};
use time::OffsetDateTime;

use super::{AccountChange, AccountPart, AccountTables, changed};
use crate::{StoreError, transaction::Transaction};

/// Gives a user these roles and no others, in Users and in Credentials. Nothing is read.
///
/// They are in the tokens of the next sign-in or refresh; issued access tokens keep the roles that they have.
///
/// # Errors
/// When the tables do not answer.
pub async fn set_roles(
    AccountTables { credentials, users }: AccountTables<'_>,
    read: &User,
    roles: &Roles,
    now: OffsetDateTime,
) -> Result<AccountChange, StoreError> {
    let account = AccountRef {
        user_id: read.id,
        email: &read.email,
    };
    let change = Transaction::of(
        (
            AccountPart::Credential,
            credentials.set_roles(account, roles),
        ),
        (AccountPart::User, users.set_roles(read, roles, now)),
    )?;
    change.commit().await.map(|outcome| changed(&outcome))
}
