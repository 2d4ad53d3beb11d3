use std::sync::Arc;

use auth::password;
use axum::extract::State;
use domain::{
    AccountRef, Email, EmailTokenPurpose, Invalid, Lockout, Password, Roles, Status,
    StoredEmailToken, User, UserId,
};
use http::StatusCode;
use http_api::{FieldError, Fields, FromFields, JsonBody, Problem, ProblemDocument, text};
use store::{
    AccountTables, Credential,
    recovery::{self, Redemption},
};
use utoipa::ToSchema;

use crate::{
    App,
    token::{INVALID, TokenField},
};

const PASSWORD_REQUIRED: Invalid = Invalid {
    code: "required",
    detail: "must be there: the link finishes a sign-up, and the account gets this password",
};

/// The token of a mailed link.
#[derive(ToSchema)]
#[schema(as = EmailVerification)]
pub struct Form {
    /// What follows `#verify-email=` or `#finish-sign-up=` in the link.
    #[schema(value_type = String)]
    token: TokenField,
    /// The account's password, for a link that finishes a sign-up. Others change no password.
    #[schema(value_type = Option<String>, format = Password, min_length = 8)]
    password: Option<Password>,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", text(TokenField::parse));
        let password = fields.optional("password", text(Password::parse));
        Some(Self {
            token: token?,
            password: password?,
        })
    }
}

/// Verify an e-mail address.
///
/// Notes that the address of an account is its owner's; or, where sign-ups are verified first, makes the account.
#[utoipa::path(
    post,
    path = "/verify-email",
    operation_id = "verifyEmail",
    tag = "accounts",
    request_body = Form,
    responses(
        (status = 204),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`email_taken`: the address got an account meanwhile"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_email_token`; `validation_failed` (fields: `password_too_short`, \
                `password_too_long`, `password_repeats`, `password_too_common`, `required`, `wrong_type`, \
                `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn verify_email(
    State(app): State<Arc<App>>,
    JsonBody(form): JsonBody<Form>,
) -> Result<StatusCode, Problem> {
    let token = form.token.find(&app).await?;
    let done = match &token.purpose {
        EmailTokenPurpose::Verify { user_id, email } => {
            let account = AccountRef {
                user_id: *user_id,
                email,
            };
            let now = app.clock.now();
            recovery::verify(&app.tokens, &app.credentials, &token, account, now).await?
        }
        EmailTokenPurpose::SignUp { email } => {
            finish_sign_up(&app, &token, email, form.password).await?
        }
        EmailTokenPurpose::Reset { .. } => Redemption::InvalidToken,
    };
    match done {
        Redemption::Redeemed => Ok(StatusCode::NO_CONTENT),
        Redemption::InvalidToken => Err(INVALID),
        Redemption::EmailTaken => Err(Problem::email_taken()),
    }
}

/// The password is said here and not kept from the sign-up: whoever has the mailbox has the account, and somebody who
/// signed up with a stranger's address has no way into it.
async fn finish_sign_up(
    app: &App,
    token: &StoredEmailToken,
    email: &Email,
    password: Option<Password>,
) -> Result<Redemption, Problem> {
    let now = app.clock.now();
    let Some(pending) = app.sign_ups.find(email, now).await? else {
        return Ok(Redemption::InvalidToken);
    };
    let Some(password) = password else {
        let error = FieldError::at("/password", PASSWORD_REQUIRED);
        return Err(Problem::invalid(vec![error]));
    };
    let hash = password::hash(&password, app.cost).await;
    let hash = hash.map_err(|error| Problem::internal(&error))?;
    let user = User {
        id: UserId::new(now),
        email: pending.email,
        name: pending.name,
        profile: pending.profile,
        roles: Roles::new(),
        status: Status::Active,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let credential = Credential {
        user_id: user.id,
        hash,
        roles: user.roles.clone(),
        status: user.status,
        session_epoch: 1,
        lockout: Lockout::NONE,
    };
    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    let (tokens, sign_ups) = (&app.tokens, &app.sign_ups);
    let finished =
        recovery::finish_sign_up(tokens, sign_ups, tables, token, &user, &credential).await?;
    Ok(finished)
}
