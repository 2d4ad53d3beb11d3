use axum::extract::State;
use domain::{AccountRef, PasswordAttempt};
use http::StatusCode;
use http_api::{
    Authenticated, Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument, text,
};
use store::{
    AccountTables,
    accounts::{self, AccountChange},
};
use utoipa::ToSchema;

use crate::{App, TRIES};

/// The proof that the account is the owner's to delete.
#[derive(ToSchema)]
#[schema(as = AccountDeletion)]
pub struct Form {
    #[schema(value_type = String, format = Password, min_length = 1)]
    password: PasswordAttempt,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields
            .required("password", text(PasswordAttempt::parse))
            .map(|password| Self { password })
    }
}

/// Delete the account.
///
/// One transaction removes the account and frees its e-mail address.
/// The account's files stay, and so do the grants to read them.
#[utoipa::path(
    delete,
    path = "/users/me",
    operation_id = "deleteMe",
    tag = "accounts",
    security(("access_token" = [])),
    request_body = Form,
    responses(
        (status = 204),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_credentials`: not the password, or too many wrong ones a moment ago"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`changed_meanwhile`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `empty`, `required`, `wrong_type`, `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn delete(
    State(App(app)): State<App>,
    Authenticated(caller): Authenticated,
    gateway: Gateway,
    JsonBody(form): JsonBody<Form>,
) -> Result<StatusCode, Problem> {
    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    for _ in 0..TRIES {
        let proven = app
            .passwords
            .prove(&app.users, &gateway, &caller, &form.password);
        let (user, credential) = proven.await?;
        let account = AccountRef {
            user_id: user.id,
            email: &user.email,
        };
        match accounts::delete(tables, account, &credential.hash).await? {
            AccountChange::Changed => return Ok(StatusCode::NO_CONTENT),
            AccountChange::Conflict => {}
        }
    }
    Err(Problem::changed_meanwhile())
}
