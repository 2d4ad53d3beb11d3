use domain::User;

use super::new_account;
use crate::{
    Credential, Credentials, StoreError, Users,
    transaction::{Outcome, transact},
};

/// How the import of an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// The account is there.
    Created,
    /// It was there before, with this very hash: an import that is repeated.
    Unchanged,
    /// There is an account with the address, and it has another hash.
    Taken,
}

/// Makes an account of one that existed elsewhere: the same transaction as a sign-up. What is there stays as it is.
///
/// # Errors
/// When the tables do not answer.
pub async fn import(
    (credentials, users): (&Credentials, &Users),
    user: &User,
    credential: &Credential,
) -> Result<Import, StoreError> {
    let parts = new_account((credentials, users), user, credential)?;
    match transact(&credentials.0.client, parts).await? {
        Outcome::Committed => Ok(Import::Created),
        // A salt is never used twice, so the same hash is the same account.
        Outcome::Refused(_) => match credentials.find(&user.email).await? {
            Some(there) if there.hash == credential.hash => Ok(Import::Unchanged),
            // Or deleted since: it was taken when we asked.
            Some(_) | None => Ok(Import::Taken),
        },
    }
}
