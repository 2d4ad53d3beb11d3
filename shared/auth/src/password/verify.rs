use domain::PasswordAttempt;

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
    let attempt = attempt.clone();
    let stored = stored.cloned();
    let verdict =
        tokio::task::spawn_blocking(move || verdict(&attempt, stored.as_ref(), configured));
    Ok(verdict.await??)
}

fn verdict(
    attempt: &PasswordAttempt,
    stored: Option<&PasswordHash>,
    configured: Cost,
) -> Result<Verdict, bcrypt::BcryptError> {
    // When it can't be anybody's password, run as much of it as bcrypt takes, and believe none of it.
    let can_match = attempt.can_match();
    let attempt = attempt.expose().as_bytes();
    let attempt = &attempt[..attempt.len().min(MAX_BYTES)];

    let Some(stored) = stored else {
        run(attempt, &nobodys_hash(configured), configured)?;
        return Ok(Verdict::NoMatch);
    };
    let matched = run(attempt, stored.as_str(), stored.cost())? && can_match;
    // 2^s + (2^s + 2^(s+1) + … + 2^(c-1)) = 2^c. After a match too: a locked account's right password is a refusal.
    for cost in stored.cost().until(configured) {
        run(attempt, &nobodys_hash(cost), cost)?;
    }
    Ok(match (matched, stored.cost() == configured) {
        (false, _) => Verdict::NoMatch,
        (true, true) => Verdict::Match,
        (true, false) => Verdict::MatchNeedsRehash,
    })
}

fn run(attempt: &[u8], hash: &str, cost: Cost) -> Result<bool, bcrypt::BcryptError> {
    let matched = bcrypt::non_truncating_verify(attempt, hash);
    count(cost);
    matched
}

/// The hash that accounts without one are checked against. No password is known for it, and a match would not count.
/// It must parse: the library answers at once when a hash does not.
pub(super) fn nobodys_hash(cost: Cost) -> String {
    const SALT_AND_HASH: &str = "Cl0akr00mCl0akr00mCl0uaNobodysPasswordNobodysPasswor.";
    format!("$2b${:02}${SALT_AND_HASH}", cost.get())
}
