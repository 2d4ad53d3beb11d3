use api::{Authenticated, Fields, FromFields, JsonBody, Problem, text};
use axum::extract::State;
use domain::PasswordAttempt;
use http::StatusCode;
use store::accounts::{self, Change};

use crate::{App, CHANGED_MEANWHILE, TRIES, proof::prove};

/// `{password}`
pub struct Form {
    password: PasswordAttempt,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields
            .required("password", text(PasswordAttempt::parse))
            .map(|password| Self { password })
    }
}

/// `DELETE /users/me`: one transaction removes the account and frees its e-mail address.
pub async fn delete(
    State(App(app)): State<App>,
    Authenticated(caller): Authenticated,
    JsonBody(form): JsonBody<Form>,
) -> Result<StatusCode, Problem> {
    for _ in 0..TRIES {
        let (user, credential) = prove(&app, &caller, &form.password).await?;
        let account = (user.id, &user.email);
        match accounts::delete((&app.credentials, &app.users), account, &credential.hash).await? {
            Change::Done => return Ok(StatusCode::NO_CONTENT),
            Change::Outdated => {}
        }
    }
    Err(CHANGED_MEANWHILE)
}
