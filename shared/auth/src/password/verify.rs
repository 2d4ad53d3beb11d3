use domain::PasswordAttempt;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Cost, HashingError, PasswordHash, count};

/// The longest password bcrypt reads whole: its 72 bytes end with a NUL.
const MAX_BYTES: usize = 71;

/// Whether an attempt is the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is not, or there is no account.
    NoMatch,
    /// It is.
    Match,
    /// It is, and the stored hash has another cost than the configured one: store a new one.
    MatchNeedsRehash,
}

/// Checks an attempt against the stored hash, or against nobody's when there is no account, on a blocking thread.
/// The work depends on the stored and the configured cost, never on the answer (see the [module](super)).
///
/// # Errors
/// When the thread ends early.
pub async fn verify(
    attempt: &PasswordAttempt,
    stored: Option<&PasswordHash>,
    configured: Cost,
) -> Result<Verdict, HashingError> {
    let attempt = SecretString::from(attempt.expose());
    let stored = stored.cloned();
    let verdict = tokio::task::spawn_blocking(move || {
        verdict(
            attempt.expose_secret().as_bytes(),
            stored.as_ref(),
            configured,
        )
    });
    Ok(verdict.await??)
}

fn verdict(
    attempt: &[u8],
    stored: Option<&PasswordHash>,
    configured: Cost,
) -> Result<Verdict, bcrypt::BcryptError> {
    // Too long to be anybody's password: run as much of it as bcrypt takes, and believe none of it.
    let fits = attempt.len() <= MAX_BYTES;
    let attempt = &attempt[..attempt.len().min(MAX_BYTES)];

    let Some(stored) = stored else {
        run(attempt, &PasswordHash::dummy(configured))?;
        return Ok(Verdict::NoMatch);
    };
    let matched = run(attempt, stored)? && fits;
    // 2^s + (2^s + 2^(s+1) + … + 2^(c-1)) = 2^c. After a match too: a locked account's right password is a refusal.
    for cost in stored.cost().until(configured) {
        run(attempt, &PasswordHash::dummy(cost))?;
    }
    Ok(match (matched, stored.cost() == configured) {
        (false, _) => Verdict::NoMatch,
        (true, true) => Verdict::Match,
        (true, false) => Verdict::MatchNeedsRehash,
    })
}

fn run(attempt: &[u8], hash: &PasswordHash) -> Result<bool, bcrypt::BcryptError> {
    let matched = bcrypt::non_truncating_verify(attempt, hash.as_str());
    count(hash.cost());
    matched
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
