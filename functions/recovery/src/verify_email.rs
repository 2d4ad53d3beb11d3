use std::sync::Arc;

use auth::password;
use axum::extract::State;
use domain::{
    AccountRef, Email, EmailTokenPurpose, Invalid, Lockout, Password, Roles, Status,
    StoredEmailToken, User, UserId,
};
use http::StatusCode;
use http_api::{FieldError, Fields, FromFields, JsonBody, Problem, ProblemDocument, text};
use metrics::Metric;
use store::{
    Credential,
    recovery::{self, Redemption},
};
use utoipa::ToSchema;

use crate::{
    App,
    token::{INVALID_TOKEN, TokenField},
};

const PASSWORD_REQUIRED: Invalid = Invalid {
    code: "required",
    detail: "A password is required, because this link creates an account. Send the password of the new account.",
};

/// The token of a mailed link.
#[derive(ToSchema)]
pub struct VerifyEmailRequest {
    /// The part of the link after `#verify-email=` or `#finish-sign-up=`.
    #[schema(value_type = String)]
    token: TokenField,
    /// The password of the new account. Required for links with `#finish-sign-up=`, ignored for others.
    #[schema(value_type = Option<String>, format = Password, min_length = 8)]
    password: Option<Password>,
}

impl FromFields for VerifyEmailRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", text(TokenField::parse));
        let password = fields.optional("password", text(Password::parse));
        Some(Self {
            token: token?,
            password: password?,
        })
    }
}

/// Verify an email address with the token of a mailed link.
///
/// Marks the address of an account as verified or, if sign-ups are verified first (`SignupMode`), creates the account.
#[utoipa::path(
    post,
    path = "/verify-email",
    operation_id = "verifyEmail",
    tag = "accounts",
    request_body = VerifyEmailRequest,
    responses(
        (status = 204, description = "the address is verified"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`email_taken`: the address has got an account meanwhile"),
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
    JsonBody(request): JsonBody<VerifyEmailRequest>,
) -> Result<StatusCode, Problem> {
    let token = request.token.find(&app).await?;
    let redeemed = match &token.purpose {
        EmailTokenPurpose::Verify { user_id, email } => {
            let account = AccountRef {
                user_id: *user_id,
                email,
            };
            let now = app.clock.now();
            recovery::verify(&app.tokens, app.tables(), &token, account, now).await?
        }
        EmailTokenPurpose::SignUp { email } => {
            create_account(&app, &token, email, request.password).await?
        }
        EmailTokenPurpose::Reset { .. } => Redemption::InvalidToken,
    };
    match redeemed {
        Redemption::Redeemed => Ok(StatusCode::NO_CONTENT),
        Redemption::InvalidToken => Err(INVALID_TOKEN),
        Redemption::EmailTaken => Err(Problem::email_taken()),
    }
}

/// Creates the account of a verified sign-up.
///
/// Its password comes from this request, not from the sign-up: the owner of the mailbox gets the account, and a person who
/// signed up with an address of another person gets no access.
async fn create_account(
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
        verified_at: Some(now),
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
    let (tokens, sign_ups) = (&app.tokens, &app.sign_ups);
    let created =
        recovery::finish_sign_up(tokens, sign_ups, app.tables(), token, &user, &credential);
    let created = created.await?;
    if created == Redemption::Redeemed {
        metrics::count(Metric::SignUps);
    }
    Ok(created)
}
