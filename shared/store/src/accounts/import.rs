use domain::User;

use super::{AccountPart, AccountTables, new_account};
use crate::{Credential, StoreError, transaction::Outcome};

/// How the import of an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// The account is created.
    Created,
    /// There is an account with the address and this hash: the import was repeated.
    Unchanged,
    /// There is an account with the address, and it has another hash.
    EmailTaken,
}

/// Creates an account from one of another system, by the same transaction as a sign-up. An existing account is not changed.
///
/// # Errors
/// When the tables do not answer.
pub async fn import(
    tables: AccountTables<'_>,
    user: &User,
    credential: &Credential,
) -> Result<Import, StoreError> {
    let labels = (AccountPart::Credential, AccountPart::User);
    let account = new_account(tables, user, credential, labels)?;
    match account.commit().await? {
        Outcome::Committed => Ok(Import::Created),
        // A salt is never used twice, so the same hash is the same account.
        Outcome::Refused(_) => match tables.credentials.find(&user.email).await? {
            Some(existing) if existing.hash == credential.hash => Ok(Import::Unchanged),
            // Or deleted since then.
            Some(_) | None => Ok(Import::EmailTaken),
        },
    }
}
