//! What the tokens of mailed links do. Each is one transaction that uses the token up, or changes nothing.

use auth::password::PasswordHash;
use domain::{AccountRef, StoredEmailToken, User};
use time::OffsetDateTime;

use crate::{
    Credential, EmailTokens, SignUps, StoreError,
    accounts::AccountTables,
    transaction::{Outcome, Transaction},
};

/// How using a token ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Redemption {
    /// The token is used up, and its purpose carried out.
    Redeemed,
    /// The token is used up, expired, or its account has changed.
    InvalidToken,
    /// Another account has the address.
    EmailTaken,
}

/// The parts of using a token, in the order in which they decide why it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Token,
    Credential,
    User,
    PendingSignUp,
}

/// Records that the owner of an account receives mail at its address.
///
/// # Errors
/// When the tables do not answer.
pub async fn verify(
    tokens: &EmailTokens,
    AccountTables { credentials, users }: AccountTables<'_>,
    token: &StoredEmailToken,
    account: AccountRef<'_>,
    now: OffsetDateTime,
) -> Result<Redemption, StoreError> {
    let verify = Transaction::of(
        (Part::Token, tokens.redeem(token, now)),
        (Part::Credential, credentials.verify(account, now)),
    )?
    .and(Part::User, users.verify(account.user_id, now))?;
    verify.commit().await.map(|outcome| redeemed(&outcome))
}

/// Replaces the password and ends all sessions, if the account is still in the epoch of the token.
///
/// # Errors
/// When the tables do not answer.
pub async fn reset_password(
    tokens: &EmailTokens,
    AccountTables { credentials, users }: AccountTables<'_>,
    token: &StoredEmailToken,
    account: AccountRef<'_>,
    epoch: u64,
    new: &PasswordHash,
    now: OffsetDateTime,
) -> Result<Redemption, StoreError> {
    let reset = Transaction::of(
        (Part::Token, tokens.redeem(token, now)),
        (
            Part::Credential,
            credentials.reset(account, epoch, new, now),
        ),
    )?
    .and(Part::User, users.reset(account.user_id, epoch, now))?;
    reset.commit().await.map(|outcome| redeemed(&outcome))
}

/// Creates the account of a pending sign-up. The link verified its address.
///
/// # Errors
/// When the tables do not answer.
pub async fn finish_sign_up(
    tokens: &EmailTokens,
    sign_ups: &SignUps,
    AccountTables { credentials, users }: AccountTables<'_>,
    token: &StoredEmailToken,
    user: &User,
    credential: &Credential,
) -> Result<Redemption, StoreError> {
    let now = user.created_at;
    let finish = Transaction::of(
        (Part::Token, tokens.redeem(token, now)),
        (
            Part::Credential,
            credentials.put_verified(&user.email, credential, now),
        ),
    )?
    .and(Part::User, users.put_new(user, credential.session_epoch))?
    .and(Part::PendingSignUp, sign_ups.remove(&user.email))?;
    Ok(match finish.commit().await? {
        Outcome::Committed => Redemption::Redeemed,
        Outcome::Refused(failed) => match failed.first() {
            // Used twice at once, the other request created the account.
            Part::Token => Redemption::InvalidToken,
            // The deletion of the pending sign-up has no condition.
            Part::Credential | Part::User | Part::PendingSignUp => Redemption::EmailTaken,
        },
    })
}

fn redeemed(outcome: &Outcome<Part>) -> Redemption {
    match outcome {
        Outcome::Committed => Redemption::Redeemed,
        Outcome::Refused(_) => Redemption::InvalidToken,
    }
}
