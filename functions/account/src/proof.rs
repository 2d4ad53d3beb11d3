use api::{Gateway, Guess, Problem};
use auth::{Caller, password::Verdict};
use domain::{PasswordAttempt, Status, User};
use store::Credential;

use crate::Inner;

/// The caller's account, once the password is seen to be its own.
///
/// # Errors
/// 401 when it is not or may not be guessed at now, or when the account is gone or disabled.
pub async fn prove(
    app: &Inner,
    gateway: &Gateway,
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
    let guess = Guess {
        email: &user.email,
        owner: user.id,
        credential: Some(&credential),
        attempt,
        request_id: &gateway.request_id,
    };
    match app.passwords.check(&guess).await? {
        Verdict::NoMatch => Err(Problem::invalid_credentials()),
        Verdict::Match | Verdict::MatchNeedsRehash => Ok((user, credential)),
    }
}
