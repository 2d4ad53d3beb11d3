use axum::extract::State;
use domain::PasswordAttempt;
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

/// The password of the account to delete.
#[derive(ToSchema)]
pub struct DeleteAccountRequest {
    /// The current password.
    #[schema(value_type = String, format = Password, min_length = 1)]
    password: PasswordAttempt,
}

impl FromFields for DeleteAccountRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields
            .required("password", text(PasswordAttempt::parse))
            .map(|password| Self { password })
    }
}

/// Delete the current user.
///
/// Removes the account and frees its email address. The user's files, shares, products and library are
/// deleted within minutes; locked files when their lock ends. Orders stay under a pseudonym.
#[utoipa::path(
    delete,
    path = "/users/me",
    operation_id = "deleteMe",
    tag = "accounts",
    security(("access_token" = [])),
    request_body = DeleteAccountRequest,
    responses(
        (status = 204, description = "the user is deleted"),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_credentials`: the password is wrong, or the account is locked after wrong passwords"),
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
    JsonBody(request): JsonBody<DeleteAccountRequest>,
) -> Result<StatusCode, Problem> {
    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    for _ in 0..ATTEMPTS {
        let verified =
            app.passwords
                .verify_caller(&app.users, &gateway, &caller, &request.password);
        let (user, credential) = verified.await?;
        let now = app.clock.now();
        match accounts::delete(tables, &user, &credential.hash, now).await? {
            AccountChange::Changed => return Ok(StatusCode::NO_CONTENT),
            AccountChange::Conflict => {}
        }
    }
    Err(Problem::changed_meanwhile())
}
