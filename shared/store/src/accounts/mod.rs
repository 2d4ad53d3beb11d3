//! The writes to accounts that span tables. Each is one transaction.

mod admin;
mod import;
mod roles;

use auth::password::PasswordHash;
use domain::{AccountRef, Languages, SessionId, User, UserId};
use time::OffsetDateTime;

use crate::{
    Credential, Credentials, MailOrder, NewRecord, Outbox, PendingSignUp, Sessions, SignUps,
    StoreError, Users,
    transaction::{Outcome, Transaction},
};

pub use self::{
    admin::{AdminOutcome, apply_admin_action, apply_operator_action},
    import::{Import, import},
    roles::set_roles,
};

/// How often the end of all sessions is tried while other requests raise the epoch.
const TRIES: usize = 8;

/// The tables that an account is in.
#[derive(Debug, Clone, Copy)]
pub struct AccountTables<'a> {
    /// The credentials, with the hashes of the passwords.
    pub credentials: &'a Credentials,
    /// The users.
    pub users: &'a Users,
}

/// The parts of a write to an account, in the order in which they decide why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AccountPart {
    Credential,
    User,
    /// The session that a password change keeps.
    KeptSession,
    /// The record of a deletion.
    Deletion,
}

/// The parts of a sign-up, in the order in which they decide why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SignUpPart {
    /// The answer for a repeated request. A repeated request finds its own address taken, so its key decides first.
    Answer,
    Credential,
    User,
    Mail,
}

/// How a sign-up ended.
#[derive(Debug, PartialEq, Eq)]
pub enum SignUp {
    /// The account is created.
    Created,
    /// Another account has the address.
    EmailTaken,
    /// Another request with this idempotency key came first.
    IdempotencyKeyUsed,
}

/// Where the mail of a sign-up is ordered.
#[derive(Debug, Clone, Copy)]
pub struct OrderedMail<'a> {
    /// The table of the orders.
    pub outbox: &'a Outbox,
    /// The languages that the recipient may prefer.
    pub languages: &'a Languages,
}

/// Creates an account: credential, user, the answer for a repeated request, and, where mail is sent, the order for a mail that
/// asks the owner to verify the address.
///
/// # Errors
/// When the tables do not answer.
pub async fn create(
    tables: AccountTables<'_>,
    user: &User,
    credential: &Credential,
    record: Option<NewRecord<'_>>,
    mail: Option<OrderedMail<'_>>,
) -> Result<SignUp, StoreError> {
    let now = user.created_at;
    let answer = record.map(|record| record.put(now));
    let mail = mail.map(|OrderedMail { outbox, languages }| {
        let order = MailOrder::Verify {
            user_id: user.id,
            email: user.email.clone(),
        };
        outbox.put(&order, languages, now)
    });
    let labels = (SignUpPart::Credential, SignUpPart::User);
    let account = new_account(tables, user, credential, labels)?
        .and_maybe(SignUpPart::Answer, answer)?
        .and_maybe(SignUpPart::Mail, mail)?;
    Ok(match account.commit().await? {
        Outcome::Committed => SignUp::Created,
        Outcome::Refused(failed) => match failed.first() {
            SignUpPart::Answer => SignUp::IdempotencyKeyUsed,
            // The order for the mail has no condition.
            SignUpPart::Credential | SignUpPart::User | SignUpPart::Mail => SignUp::EmailTaken,
        },
    })
}

/// The parts of a new account: the credential, which takes the address, and the user.
fn new_account<L: Copy + Ord>(
    AccountTables { credentials, users }: AccountTables<'_>,
    user: &User,
    credential: &Credential,
    (of_credential, of_user): (L, L),
) -> Result<Transaction<L>, StoreError> {
    let put_credential = credentials.put_new(&user.email, credential);
    let put_user = users.put_new(user, credential.session_epoch);
    Transaction::of((of_credential, put_credential), (of_user, put_user))
}

/// The parts of a sign-up that is finished by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PendingSignUpPart {
    Answer,
    SignUp,
    Mail,
}

/// Stores a sign-up until its address is verified, with the order for the mail and the answer for a repeated request. It reads
/// nothing and writes the same whether the address has an account or not. Says whether it did; it does not when another
/// request with this idempotency key came first.
///
/// # Errors
/// When the tables do not answer.
pub async fn create_pending_sign_up(
    sign_ups: &SignUps,
    OrderedMail { outbox, languages }: OrderedMail<'_>,
    pending: &PendingSignUp,
    record: Option<NewRecord<'_>>,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let order = MailOrder::SignUp {
        email: pending.email.clone(),
    };
    let answer = record.map(|record| record.put(now));
    let sign_up = Transaction::of(
        (PendingSignUpPart::SignUp, sign_ups.put(pending, now)),
        (PendingSignUpPart::Mail, outbox.put(&order, languages, now)),
    )?
    .and_maybe(PendingSignUpPart::Answer, answer)?;
    Ok(sign_up.commit().await? == Outcome::Committed)
}

/// How a change of an account ended.
#[derive(Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// The account is changed.
    Changed,
    /// The account changed since it was read, or was deleted: read it again.
    Conflict,
}

/// Replaces the password and ends all sessions but `keep`.
///
/// An epoch only rises, and only from the value that was read: two requests that both wrote "the next one" would together
/// raise it once, and a session that began between them with the old password would not end.
///
/// # Errors
/// When the tables do not answer.
pub async fn change_password(
    tables: AccountTables<'_>,
    sessions: &Sessions,
    account: AccountRef<'_>,
    read: &Credential,
    new: &PasswordHash,
    keep: SessionId,
) -> Result<AccountChange, StoreError> {
    let AccountTables { credentials, users } = tables;
    let epoch = read.session_epoch;
    let change = || {
        Transaction::of(
            (
                AccountPart::Credential,
                credentials.replace_hash(account.email, &read.hash, new, epoch),
            ),
            (AccountPart::User, users.raise_epoch(account.user_id, epoch)),
        )
    };
    let kept = sessions.raise_epoch(keep, epoch);
    match change()?
        .and(AccountPart::KeptSession, kept)?
        .commit()
        .await?
    {
        // The session is deleted or ended (signed out, expired): there is none to keep.
        Outcome::Refused(failed) if failed.is_only(AccountPart::KeptSession) => {
            change()?.commit().await.map(|outcome| changed(&outcome))
        }
        outcome => Ok(changed(&outcome)),
    }
}

/// Ends all sessions of an account: begins its next epoch.
///
/// When another request was quicker it is tried again, because that may have been a password change, which keeps a session.
///
/// # Errors
/// When the tables do not answer.
pub async fn end_all_sessions(
    AccountTables { credentials, users }: AccountTables<'_>,
    user_id: UserId,
) -> Result<AccountChange, StoreError> {
    for _ in 0..TRIES {
        let Some(state) = users.account_state(user_id).await? else {
            // The account is deleted, and its sessions have ended with it.
            return Ok(AccountChange::Changed);
        };
        let epoch = state.session_epoch;
        let account = AccountRef {
            user_id,
            email: &state.email,
        };
        let end = Transaction::of(
            (
                AccountPart::Credential,
                credentials.raise_epoch(account, epoch),
            ),
            (AccountPart::User, users.raise_epoch(user_id, epoch)),
        )?;
        if end.commit().await? == Outcome::Committed {
            return Ok(AccountChange::Changed);
        }
    }
    Ok(AccountChange::Conflict)
}

/// Deletes the account and frees its address, and records that, for the event `user.deleted`. The sessions end with the account.
///
/// # Errors
/// When the tables do not answer.
pub async fn delete(
    AccountTables { credentials, users }: AccountTables<'_>,
    user: &User,
    read: &PasswordHash,
    now: OffsetDateTime,
) -> Result<AccountChange, StoreError> {
    let [remove, record] = users.remove(user, now);
    let delete = Transaction::of(
        (
            AccountPart::Credential,
            credentials.remove(&user.email, read),
        ),
        (AccountPart::User, remove),
    )?
    .and(AccountPart::Deletion, record)?;
    delete.commit().await.map(|outcome| changed(&outcome))
}

fn changed<L>(outcome: &Outcome<L>) -> AccountChange {
    match outcome {
        Outcome::Committed => AccountChange::Changed,
        Outcome::Refused(_) => AccountChange::Conflict,
    }
}
