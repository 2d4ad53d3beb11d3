//! What links in mails do. Each is one transaction that uses the token up, or leaves everything as it was.

use auth::password::PasswordHash;
use domain::{Email, User, UserId};
use time::OffsetDateTime;

use crate::{
    Credential, Credentials, EmailTokens, SignUps, StoreError, StoredToken, Users,
    transaction::{Outcome, transact},
};

/// How using a token ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// What it was for is done.
    Done,
    /// It is not good for that any more.
    Void,
    /// Another account has the address.
    EmailTaken,
}

/// Notes that the owner of an account gets mail at its address.
///
/// # Errors
/// When the tables do not answer.
pub async fn verify(
    (tokens, credentials): (&EmailTokens, &Credentials),
    token: &StoredToken,
    (user_id, email): (UserId, &Email),
    now: OffsetDateTime,
) -> Result<Redeemed, StoreError> {
    let parts = vec![
        tokens.redeem(token, now)?,
        credentials.verify(email, user_id, now)?,
    ];
    transact(tokens.client(), parts)
        .await
        .map(|outcome| done(&outcome))
}

/// Replaces the password and ends all sessions, if the account is still in the epoch of the token.
///
/// # Errors
/// When the tables do not answer.
pub async fn reset_password(
    (tokens, credentials, users): (&EmailTokens, &Credentials, &Users),
    token: &StoredToken,
    (user_id, email, epoch): (UserId, &Email, u64),
    new: &PasswordHash,
    now: OffsetDateTime,
) -> Result<Redeemed, StoreError> {
    let parts = vec![
        tokens.redeem(token, now)?,
        credentials.reset(email, (user_id, epoch), new, now)?,
        users.raise_epoch(user_id, epoch)?,
    ];
    transact(tokens.client(), parts)
        .await
        .map(|outcome| done(&outcome))
}

/// Makes the account of a pending sign-up.
///
/// # Errors
/// When the tables do not answer.
pub async fn finish_sign_up(
    (tokens, sign_ups, credentials, users): (&EmailTokens, &SignUps, &Credentials, &Users),
    token: &StoredToken,
    user: &User,
    credential: &Credential,
) -> Result<Redeemed, StoreError> {
    let now = user.created_at;
    let parts = vec![
        tokens.redeem(token, now)?,
        credentials.put_verified(&user.email, credential, now)?,
        users.put_new(user, credential.session_epoch)?,
        sign_ups.remove(&user.email)?,
    ];
    match transact(tokens.client(), parts).await? {
        Outcome::Committed => Ok(Redeemed::Done),
        // Used twice at once, the other one made the account.
        Outcome::Refused(failed) if failed.first() == Some(&true) => Ok(Redeemed::Void),
        Outcome::Refused(_) => Ok(Redeemed::EmailTaken),
    }
}

fn done(outcome: &Outcome) -> Redeemed {
    match outcome {
        Outcome::Committed => Redeemed::Done,
        Outcome::Refused(_) => Redeemed::Void,
    }
}
