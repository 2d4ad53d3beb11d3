use domain::PasswordAttempt;

use super::{Cost, HashingError, PasswordHash, count, hashing};

/// The longest password that bcrypt compares in full: its 72 bytes end with a NUL.
const MAX_BYTES: usize = 71;

/// The result of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The password is wrong, or there is no account.
    NoMatch,
    /// The password is right.
    Match,
    /// The password is right, and the stored hash has another cost than the configured one: store a new hash.
    MatchNeedsRehash,
}

/// Verifies a password against the stored hash, or against the decoy hash if there is no account, on a blocking thread.
/// The work depends on the stored and the configured cost, never on the result (see the [module](super)).
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
    let verdict = hashing(move || verdict(&attempt, stored.as_ref(), configured));
    Ok(verdict.await??)
}

fn verdict(
    attempt: &PasswordAttempt,
    stored: Option<&PasswordHash>,
    configured: Cost,
) -> Result<Verdict, bcrypt::BcryptError> {
    // An overlong password is truncated for the same work, and its result is ignored.
    let can_match = attempt.can_match();
    let attempt = attempt.expose().as_bytes();
    let attempt = &attempt[..attempt.len().min(MAX_BYTES)];

    let Some(stored) = stored else {
        run(attempt, &decoy_hash(configured), configured)?;
        return Ok(Verdict::NoMatch);
    };
    let matched = run(attempt, stored.as_str(), stored.cost())? && can_match;
    // 2^s + (2^s + 2^(s+1) + … + 2^(c-1)) = 2^c. Also after a match: the right password of a disabled account is refused.
    for cost in stored.cost().until(configured) {
        run(attempt, &decoy_hash(cost), cost)?;
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

/// Returns the decoy hash, which is verified when there is no account. It has no known password, and a match is ignored.
/// It must parse, because the library returns at once if a hash does not.
pub(super) fn decoy_hash(cost: Cost) -> String {
    const SALT_AND_HASH: &str = "Cl0akr00mCl0akr00mCl0uaDecoyPasswordDecoyPasswordDec.";
    format!("$2b${:02}${SALT_AND_HASH}", cost.get())
}
