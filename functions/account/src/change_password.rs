use api::{Authenticated, Fields, FromFields, JsonBody, Problem, text};
use auth::password;
use axum::extract::State;
use domain::{Password, PasswordAttempt};
use http::StatusCode;
use store::accounts::{self, Change};

use crate::{App, CHANGED_MEANWHILE, TRIES, proof::prove};

/// `{currentPassword, newPassword}`
pub struct Form {
    current: PasswordAttempt,
    new: Password,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current = fields.required("currentPassword", text(PasswordAttempt::parse));
        let new = fields.required("newPassword", text(Password::parse));
        Some(Self {
            current: current?,
            new: new?,
        })
    }
}

/// `PUT /users/me/password`: one transaction replaces the hash and ends all sessions but the caller's.
pub async fn change_password(
    State(App(app)): State<App>,
    Authenticated(caller): Authenticated,
    JsonBody(form): JsonBody<Form>,
) -> Result<StatusCode, Problem> {
    let tables = (&app.credentials, &app.users, &app.sessions);
    for _ in 0..TRIES {
        let (user, credential) = prove(&app, &caller, &form.current).await?;
        let new = password::hash(&form.new, app.cost).await;
        let new = new.map_err(|error| Problem::internal(&error))?;
        let account = (user.id, &user.email);
        match accounts::change_password(tables, account, &credential, &new, caller.session_id)
            .await?
        {
            Change::Done => return Ok(StatusCode::NO_CONTENT),
            Change::Outdated => {}
        }
    }
    Err(CHANGED_MEANWHILE)
}
