use domain::{Roles, User};
use time::OffsetDateTime;

use super::{Change, done};
use crate::{Credentials, StoreError, Users, transaction::transact};

/// Gives a user these roles and no others, in Users and in Credentials: they stand in both. Nothing is read.
///
/// They are in the tokens of the next sign-in or refresh; access tokens that are out keep what they say.
///
/// # Errors
/// When the tables do not answer.
pub async fn set_roles(
    (credentials, users): (&Credentials, &Users),
    read: &User,
    roles: &Roles,
    now: OffsetDateTime,
) -> Result<Change, StoreError> {
    let parts = vec![
        credentials.set_roles(&read.email, read.id, roles)?,
        users.set_roles(read, roles, now)?,
    ];
    transact(&credentials.0.client, parts)
        .await
        .map(|outcome| done(&outcome))
}
