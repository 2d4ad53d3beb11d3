//! The writes that span tables. Each is one transaction.

mod import;
mod manage;
mod roles;

use auth::password::PasswordHash;
use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::{Email, SessionId, User, UserId};
use time::OffsetDateTime;

use crate::{
    Credential, Credentials, Idempotency, MailOrder, Outbox, PendingSignUp, Record, Sessions,
    SignUps, StoreError, Users,
    transaction::{Outcome, transact},
};

pub use self::{
    import::{Import, import},
    manage::{Managed, Order, manage},
    roles::set_roles,
};

/// How often the end of all sessions is tried while others raise the epoch, too.
const TRIES: usize = 8;

/// How a sign-up ended.
#[derive(Debug, PartialEq, Eq)]
pub enum SignUp {
    /// The account is there.
    Created,
    /// Another account has the address.
    EmailTaken,
    /// A request with this idempotency key was here before.
    KeyUsed,
}

/// Makes an account: credential, user, the answer for a repeated request, and the order for a mail that asks the owner to
/// verify the address, where mail is sent.
///
/// # Errors
/// When the tables do not answer.
pub async fn create(
    (credentials, users, idempotency): (&Credentials, &Users, &Idempotency),
    user: &User,
    credential: &Credential,
    record: Option<&Record>,
    outbox: Option<&Outbox>,
) -> Result<SignUp, StoreError> {
    let mut parts = new_account((credentials, users), user, credential)?;
    if let Some(record) = record {
        parts.push(idempotency.put_new(record, user.created_at)?);
    }
    if let Some(outbox) = outbox {
        let order = MailOrder::Verify {
            user_id: user.id,
            email: user.email.clone(),
        };
        parts.push(outbox.put(&order, user.created_at)?);
    }
    match transact(&credentials.0.client, parts).await? {
        Outcome::Committed => Ok(SignUp::Created),
        // A repeated request finds its own address taken too; the key tells it from a stranger's.
        Outcome::Refused(failed) if failed.get(2) == Some(&true) => Ok(SignUp::KeyUsed),
        Outcome::Refused(_) => Ok(SignUp::EmailTaken),
    }
}

/// An account: the credential, which makes the address taken, and the user.
fn new_account(
    (credentials, users): (&Credentials, &Users),
    user: &User,
    credential: &Credential,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    Ok(vec![
        credentials.put_new(&user.email, credential)?,
        users.put_new(user, credential.session_epoch)?,
    ])
}

/// Keeps a sign-up until its address is verified, with the order for the mail and the answer for a repeated request. It
/// looks nothing up and writes the same whether the address is taken or not. Says whether it did; it does not when there
/// was a request of this idempotency key before.
///
/// # Errors
/// When the tables do not answer.
pub async fn ask_for_sign_up(
    (sign_ups, outbox, idempotency): (&SignUps, &Outbox, &Idempotency),
    pending: &PendingSignUp,
    record: Option<&Record>,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let order = MailOrder::SignUp {
        email: pending.email.clone(),
    };
    let mut parts = vec![sign_ups.put(pending, now)?, outbox.put(&order, now)?];
    if let Some(record) = record {
        parts.push(idempotency.put_new(record, now)?);
    }
    let outcome = transact(&outbox.0.client, parts).await?;
    Ok(matches!(outcome, Outcome::Committed))
}

/// How a change of an account ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// It happened.
    Done,
    /// The account changed since it was read, or is gone: read again.
    Outdated,
}

/// Replaces the password and ends all sessions but `keep`.
///
/// An epoch only rises, and only from the value that was read: two that both wrote "the next one" would together raise
/// it once, and a session begun between them with the old password would live.
///
/// # Errors
/// When the tables do not answer.
pub async fn change_password(
    (credentials, users, sessions): (&Credentials, &Users, &Sessions),
    (user_id, email): (UserId, &Email),
    read: &Credential,
    new: &PasswordHash,
    keep: SessionId,
) -> Result<Change, StoreError> {
    let epoch = read.session_epoch;
    let change = |kept: Option<_>| {
        let mut parts = vec![
            credentials.replace_hash(email, &read.hash, new, epoch)?,
            users.raise_epoch(user_id, epoch)?,
        ];
        parts.extend(kept);
        Ok::<_, StoreError>(parts)
    };
    let client = &credentials.0.client;
    match transact(client, change(Some(sessions.take_along(keep, epoch)?))?).await? {
        Outcome::Committed => Ok(Change::Done),
        // Only the session is gone or ended (signed out, expired): then there is none to keep.
        Outcome::Refused(failed) if failed == [false, false, true] => {
            transact(client, change(None)?)
                .await
                .map(|outcome| done(&outcome))
        }
        Outcome::Refused(_) => Ok(Change::Outdated),
    }
}

/// Ends all sessions of an account: begins its next epoch.
///
/// When somebody else was quicker it is tried again, for that may have been a password change, which keeps a session.
///
/// # Errors
/// When the tables do not answer.
pub async fn end_all_sessions(
    (credentials, users): (&Credentials, &Users),
    user_id: UserId,
) -> Result<Change, StoreError> {
    for _ in 0..TRIES {
        let Some(account_state) = users.account_state(user_id).await? else {
            // Deleted: what its sessions belong to is gone.
            return Ok(Change::Done);
        };
        let epoch = account_state.session_epoch;
        let parts = vec![
            credentials.raise_epoch(&account_state.email, user_id, epoch)?,
            users.raise_epoch(user_id, epoch)?,
        ];
        if let Outcome::Committed = transact(&credentials.0.client, parts).await? {
            return Ok(Change::Done);
        }
    }
    Ok(Change::Outdated)
}

/// Deletes the account and frees its address. Its sessions end, because what they belong to is gone.
///
/// # Errors
/// When the tables do not answer.
pub async fn delete(
    (credentials, users): (&Credentials, &Users),
    (user_id, email): (UserId, &Email),
    read: &PasswordHash,
) -> Result<Change, StoreError> {
    let parts = vec![credentials.remove(email, read)?, users.remove(user_id)?];
    transact(&credentials.0.client, parts)
        .await
        .map(|outcome| done(&outcome))
}

fn done(outcome: &Outcome) -> Change {
    match outcome {
        Outcome::Committed => Change::Done,
        Outcome::Refused(_) => Change::Outdated,
    }
}
