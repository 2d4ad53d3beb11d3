use api::Problem;
use auth::{
    Caller,
    password::{self, Verdict},
};
use domain::{PasswordAttempt, Status, User};
use store::Credential;

use crate::Inner;

/// The caller's account, once the password is seen to be its own.
///
/// # Errors
/// 401 when it is not, or when the account is gone or disabled.
pub async fn prove(
    app: &Inner,
    caller: &Caller,
    attempt: &PasswordAttempt,
) -> Result<(User, Credential), Problem> {
    let user = app
        .users
        .find(caller.user_id)
        .await?
        .ok_or_else(Problem::invalid_token)?;
    let credential = app.credentials.find(&user.email).await?;
    let credential = credential
        .filter(|found| found.user_id == user.id && found.status == Status::Active)
        .ok_or_else(Problem::invalid_token)?;
    let verdict = password::verify(attempt, Some(&credential.hash), app.cost).await;
    match verdict.map_err(|error| Problem::internal(&error))? {
        Verdict::NoMatch => Err(Problem::invalid_credentials()),
        Verdict::Match | Verdict::MatchNeedsRehash => Ok((user, credential)),
    }
}
