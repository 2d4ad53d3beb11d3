use std::time::Duration;

use auth::password::{self, Cost, Verdict};
use domain::{
    AccountRef, AttemptRule, Clock, Email, FailedAttempts, Lockout, PasswordAttempt, Status, UserId,
};
use settings::{Env, EnvError};
use store::{Credential, Credentials};

use http_api::Problem;

mod owner;

/// How long a write may take that can be left for the next time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Checks passwords, and keeps whoever guesses them waiting (docs/adr/0020-guesses-have-to-wait.md).
///
/// A refusal is one hash and one write to the credentials table, whatever is refused: nobody's address, a wrong password,
/// a disabled account, or one that nobody may guess at now.
#[derive(Debug, Clone)]
pub struct Passwords {
    credentials: Credentials,
    cost: Cost,
    clock: Clock,
}

/// A password that somebody says is that of an account.
pub struct Guess<'a> {
    /// The account's address.
    pub email: &'a Email,
    /// The account, or anything that is no account's id.
    pub owner: UserId,
    /// What is known of it, if there is such an account.
    pub credential: Option<&'a Credential>,
    /// The password.
    pub attempt: &'a PasswordAttempt,
    /// For the log.
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
    /// With the cost that `BCRYPT_COST` sets.
    ///
    /// # Errors
    /// When the variable is missing or makes no sense.
    pub fn from_env(env: &Env, credentials: &Credentials, clock: Clock) -> Result<Self, EnvError> {
        Ok(Self {
            credentials: credentials.clone(),
            cost: env.parsed("BCRYPT_COST", "a bcrypt cost from 4 to 16")?,
            clock,
        })
    }

    /// What new hashes cost.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    /// Whether it is the password of an active account, and one that may be guessed at now.
    ///
    /// # Errors
    /// When the table does not answer: a guess that can't be counted gets no answer.
    pub async fn check(&self, guess: &Guess<'_>) -> Result<Verdict, Problem> {
        let now = self.clock.now();
        let lockout = guess.credential.map(|credential| credential.lockout);
        let lockout = lockout.map(|lockout| (lockout, lockout.rule(now)));
        let (lockout, verdict) = match lockout {
            Some((lockout, AttemptRule::Free)) => {
                (lockout, self.check_freely(guess, lockout).await?)
            }
            Some((lockout, AttemptRule::ClaimFirst)) => {
                (lockout, self.check_once(guess, lockout).await?)
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

    async fn check_freely(&self, guess: &Guess<'_>, lockout: Lockout) -> Result<Verdict, Problem> {
        let verdict = self.compare(guess).await?;
        if verdict == Verdict::NoMatch {
            let (account, now) = (guess.account(), self.clock.now());
            let credentials = &self.credentials;
            if credentials.record_failure(account, lockout, now).await? {
                log_lockout(guess, lockout.failed.next());
            }
        }
        Ok(verdict)
    }

    /// Whoever claims the guess makes it; all others do the same work for nothing.
    async fn check_once(&self, guess: &Guess<'_>, lockout: Lockout) -> Result<Verdict, Problem> {
        let (account, now) = (guess.account(), self.clock.now());
        let claimed = self.credentials.claim_attempt(account, lockout, now);
        if !claimed.await? {
            return self.verify_decoy_hash(guess).await;
        }
        let verdict = self.compare(guess).await?;
        if verdict == Verdict::NoMatch {
            log_lockout(guess, lockout.failed.next());
        }
        Ok(verdict)
    }

    async fn compare(&self, guess: &Guess<'_>) -> Result<Verdict, Problem> {
        let stored = guess.credential.map(|credential| &credential.hash);
        let verdict = password::verify(guess.attempt, stored, self.cost).await;
        let verdict = verdict.map_err(|error| Problem::internal(&error))?;
        match guess.credential {
            Some(credential) if credential.status == Status::Active => Ok(verdict),
            _ => Ok(Verdict::NoMatch),
        }
    }

    async fn verify_decoy_hash(&self, guess: &Guess<'_>) -> Result<Verdict, Problem> {
        let stored = guess.credential.map(|credential| credential.hash.cost());
        let cost = stored.map_or(self.cost, |stored| stored.max(self.cost));
        let verdict = password::verify(guess.attempt, None, cost).await;
        verdict.map_err(|error| Problem::internal(&error))
    }

    /// No reason to refuse the owner when it fails: the next time will do it.
    async fn clear_failures(&self, guess: &Guess<'_>) {
        let clearing = self.credentials.clear_failures(guess.account());
        let failed = match tokio::time::timeout(PATIENCE, clearing).await {
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

/// For the operator: somebody guesses, or has forgotten their password.
fn log_lockout(guess: &Guess<'_>, failed: FailedAttempts) {
    if let Some(wait) = failed.wait() {
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
