use std::time::Duration;

use auth::password::{self, Cost, Verdict};
use domain::{
    AccountRef, AttemptRule, Clock, Email, FailedAttempts, Lockout, PasswordAttempt, Status, UserId,
};
use metrics::Metric;
use settings::{Env, EnvError};
use store::{Credential, Credentials};

use http_api::Problem;

mod owner;

/// The timeout of resetting the failure count, which the next sign-in repeats if it fails.
const RESET_TIMEOUT: Duration = Duration::from_secs(1);

/// Verifies passwords, and locks an account for a while after wrong ones (docs/adr/0020-guesses-have-to-wait.md).
///
/// Every refusal costs one hash and one write to the credentials table: for an unknown address, a wrong password, and a
/// disabled or locked account.
#[derive(Debug, Clone)]
pub struct Passwords {
    credentials: Credentials,
    cost: Cost,
    clock: Clock,
}

/// A password that was sent for an account.
pub struct Guess<'a> {
    /// The email address that was sent.
    pub email: &'a Email,
    /// The id of the account; a new id if there is no account.
    pub owner: UserId,
    /// The credential of the account, if there is one.
    pub credential: Option<&'a Credential>,
    /// The password that was sent.
    pub attempt: &'a PasswordAttempt,
    /// The id of the request, for the log.
    pub request_id: &'a str,
}

impl Guess<'_> {
    const fn account(&self) -> AccountRef<'_> {
        AccountRef {
            user_id: self.owner,
            email: self.email,
        }
    }
}

impl Passwords {
    /// Reads the cost of hashes from `BCRYPT_COST`.
    ///
    /// # Errors
    /// When the variable is missing or invalid.
    pub fn from_env(env: &Env, credentials: &Credentials, clock: Clock) -> Result<Self, EnvError> {
        Ok(Self {
            credentials: credentials.clone(),
            cost: env.parsed("BCRYPT_COST", "a bcrypt cost from 4 to 16")?,
            clock,
        })
    }

    /// Returns the cost of new hashes.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    /// Verifies a password: it matches only if the account is active and not locked.
    ///
    /// # Errors
    /// When the table fails: the result of a guess that cannot be counted is not revealed.
    pub async fn check(&self, guess: &Guess<'_>) -> Result<Verdict, Problem> {
        let now = self.clock.now();
        let lockout = guess.credential.map(|credential| credential.lockout);
        let lockout = lockout.map(|lockout| (lockout, lockout.rule(now)));
        let (lockout, verdict) = match lockout {
            Some((lockout, AttemptRule::Free)) => {
                (lockout, self.verify_and_count(guess, lockout).await?)
            }
            Some((lockout, AttemptRule::ClaimFirst)) => {
                (lockout, self.claim_and_verify(guess, lockout).await?)
            }
            Some((_, AttemptRule::Locked)) | None => {
                let verdict = self.verify_decoy_hash(guess).await?;
                self.credentials.record_decoy_attempt(guess.owner).await?;
                return Ok(verdict);
            }
        };
        if verdict != Verdict::NoMatch && lockout.failed != FailedAttempts::NONE {
            self.clear_failures(guess).await;
        }
        Ok(verdict)
    }

    /// Verifies a guess, and counts it if it is wrong.
    async fn verify_and_count(
        &self,
        guess: &Guess<'_>,
        lockout: Lockout,
    ) -> Result<Verdict, Problem> {
        let verdict = self.verify(guess).await?;
        if verdict == Verdict::NoMatch {
            let (account, now) = (guess.account(), self.clock.now());
            let credentials = &self.credentials;
            if credentials.record_failure(account, lockout, now).await? {
                log_lockout(guess, lockout.failed.next());
            }
        }
        Ok(verdict)
    }

    /// Claims the only guess that is allowed after a wait, then verifies it. Concurrent guesses do the same work and are
    /// refused.
    async fn claim_and_verify(
        &self,
        guess: &Guess<'_>,
        lockout: Lockout,
    ) -> Result<Verdict, Problem> {
        let (account, now) = (guess.account(), self.clock.now());
        let claimed = self.credentials.claim_attempt(account, lockout, now);
        if !claimed.await? {
            return self.verify_decoy_hash(guess).await;
        }
        let verdict = self.verify(guess).await?;
        if verdict == Verdict::NoMatch {
            log_lockout(guess, lockout.failed.next());
        }
        Ok(verdict)
    }

    async fn verify(&self, guess: &Guess<'_>) -> Result<Verdict, Problem> {
        let stored = guess.credential.map(|credential| &credential.hash);
        let verdict = password::verify(guess.attempt, stored, self.cost).await;
        let verdict = verdict.map_err(|error| Problem::internal(&error))?;
        match guess.credential {
            Some(credential) if credential.status == Status::Active => Ok(verdict),
            _ => Ok(Verdict::NoMatch),
        }
    }

    /// Verifies the guess against the decoy hash, for the same work as a real comparison.
    async fn verify_decoy_hash(&self, guess: &Guess<'_>) -> Result<Verdict, Problem> {
        let stored = guess.credential.map(|credential| credential.hash.cost());
        let cost = stored.map_or(self.cost, |stored| stored.max(self.cost));
        let verdict = password::verify(guess.attempt, None, cost).await;
        verdict.map_err(|error| Problem::internal(&error))
    }

    /// Clears the failure count. A failure to do so is only logged: the next sign-in clears it.
    async fn clear_failures(&self, guess: &Guess<'_>) {
        let clearing = self.credentials.clear_failures(guess.account());
        let failed = match tokio::time::timeout(RESET_TIMEOUT, clearing).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::warn!(
            error = failed,
            request_id = guess.request_id,
            "failures_not_forgiven"
        );
    }
}

/// Logs that an account is locked, because its password is being guessed or was forgotten.
fn log_lockout(guess: &Guess<'_>, failed: FailedAttempts) {
    if let Some(wait) = failed.wait() {
        metrics::count(Metric::AccountsLocked);
        tracing::warn!(
            request_id = guess.request_id,
            user_id = %guess.owner,
            failures = failed.number(),
            seconds = wait.whole_seconds(),
            "account_locked"
        );
    }
}

#[cfg(test)]
mod tests;
