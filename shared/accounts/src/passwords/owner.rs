use auth::{Caller, password::Verdict};
use domain::{PasswordAttempt, Status, User};
use store::{Credential, Users};

use super::{Guess, Passwords};
use http_api::{Gateway, Problem};

impl Passwords {
    /// Verifies the password of a signed-in caller, and returns the account.
    ///
    /// # Errors
    /// 401 `invalid_credentials` when the password is wrong or the account is locked, 401 `invalid_token` when the account
    /// is deleted or disabled.
    pub async fn verify_caller(
        &self,
        users: &Users,
        gateway: &Gateway,
        caller: &Caller,
        attempt: &PasswordAttempt,
    ) -> Result<(User, Credential), Problem> {
        let user = users.find(caller.user_id).await?;
        let user = user.ok_or_else(Problem::invalid_token)?;
        let credential = self.credentials.find(&user.email).await?;
        let credential = credential
            .filter(|found| found.user_id == user.id && found.status == Status::Active)
            .ok_or_else(Problem::invalid_token)?;
        let guess = Guess {
            email: &user.email,
            owner: user.id,
            credential: Some(&credential),
            attempt,
            request_id: &gateway.request_id,
        };
        match self.check(&guess).await? {
            Verdict::NoMatch => Err(Problem::invalid_password()),
            Verdict::Match | Verdict::MatchNeedsRehash => Ok((user, credential)),
        }
    }
}
