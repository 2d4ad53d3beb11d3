use auth::password;
use axum::extract::State;
use domain::{AccountRef, Password, PasswordAttempt};
use http::StatusCode;
use http_api::{
    Authenticated, Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument, text,
};
use store::{
    AccountTables,
    accounts::{self, AccountChange},
};
use utoipa::ToSchema;

use crate::{ATTEMPTS, App};

/// The current and the new password of the caller.
#[derive(ToSchema)]
pub struct ChangePasswordRequest {
    /// The current password.
    #[schema(value_type = String, format = Password, min_length = 1, rename = "currentPassword")]
    current: PasswordAttempt,
    /// The new password: 8 characters to 71 bytes after NFKC normalization. Common passwords are refused.
    #[schema(value_type = String, format = Password, min_length = 8, rename = "newPassword")]
    new: Password,
}

impl FromFields for ChangePasswordRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current = fields.required("currentPassword", text(PasswordAttempt::parse));
        let new = fields.required("newPassword", text(Password::parse));
        Some(Self {
            current: current?,
            new: new?,
        })
    }
}

/// Change the password of the current user.
///
/// Ends all sessions of the user except the caller's.
#[utoipa::path(
    put,
    path = "/users/me/password",
    operation_id = "changePassword",
    tag = "accounts",
    security(("access_token" = [])),
    request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "the password is changed"),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_credentials`: `currentPassword` is wrong, or the account is locked after wrong passwords"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`changed_meanwhile`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `password_too_short`, `password_too_long`, \
                `password_repeats`, `password_too_common`, `empty`, `required`, `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn change_password(
    State(App(app)): State<App>,
    Authenticated(caller): Authenticated,
    gateway: Gateway,
    JsonBody(request): JsonBody<ChangePasswordRequest>,
) -> Result<StatusCode, Problem> {
    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    for _ in 0..ATTEMPTS {
        let verified = app
            .passwords
            .verify_caller(&app.users, &gateway, &caller, &request.current);
        let (user, credential) = verified.await?;
        let new = password::hash(&request.new, app.passwords.cost()).await;
        let new = new.map_err(|error| Problem::internal(&error))?;
        let account = AccountRef {
            user_id: user.id,
            email: &user.email,
        };
        let keep = caller.session_id;
        let change =
            accounts::change_password(tables, &app.sessions, account, &credential, &new, keep);
        match change.await? {
            AccountChange::Changed => return Ok(StatusCode::NO_CONTENT),
            AccountChange::Conflict => {}
        }
    }
    Err(Problem::changed_meanwhile())
}
