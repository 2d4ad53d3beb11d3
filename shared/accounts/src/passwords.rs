use std::time::Duration;

use auth::password::{self, Cost, Verdict};
use domain::{Clock, Email, FailedAttempts, PasswordAttempt, Status, UserId};
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
        let Some(credential) = guess
            .credential
            .filter(|credential| credential.locked_until.is_none_or(|until| until <= now))
        else {
            let verdict = self.verify_decoy_hash(guess).await?;
            self.credentials.record_decoy_attempt(guess.owner).await?;
            return Ok(verdict);
        };
        let failed = credential.failed;
        let verdict = match failed.wait() {
            None => self.check_freely(guess, failed).await?,
            Some(_) => self.check_once(guess, failed).await?,
        };
        if verdict != Verdict::NoMatch && failed != FailedAttempts::NONE {
            self.forgive(guess).await;
        }
        Ok(verdict)
    }

    async fn check_freely(
        &self,
        guess: &Guess<'_>,
        failed: FailedAttempts,
    ) -> Result<Verdict, Problem> {
        let verdict = self.compare(guess).await?;
        if verdict == Verdict::NoMatch {
            let account = (guess.email, guess.owner);
            let now = self.clock.now();
            if self.credentials.count_failure(account, failed, now).await? {
                log_lockout(guess, failed.next());
            }
        }
        Ok(verdict)
    }

    /// Whoever claims the guess makes it; all others do the same work for nothing.
    async fn check_once(
        &self,
        guess: &Guess<'_>,
        failed: FailedAttempts,
    ) -> Result<Verdict, Problem> {
        let account = (guess.email, guess.owner);
        let now = self.clock.now();
        if !self.credentials.claim_guess(account, failed, now).await? {
            return self.verify_decoy_hash(guess).await;
        }
        let verdict = self.compare(guess).await?;
        if verdict == Verdict::NoMatch {
            log_lockout(guess, failed.next());
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
    async fn forgive(&self, guess: &Guess<'_>) {
        let forgiving = self.credentials.forgive((guess.email, guess.owner));
        let failed = match tokio::time::timeout(PATIENCE, forgiving).await {
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
