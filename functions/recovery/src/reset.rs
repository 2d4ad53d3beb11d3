use std::sync::Arc;

use auth::password;
use axum::extract::State;
use domain::{AccountRef, EmailTokenPurpose, Password};
use http::StatusCode;
use http_api::{Fields, FromFields, JsonBody, Problem, ProblemDocument, text};
use store::{
    AccountTables,
    recovery::{self, Redemption},
};
use utoipa::ToSchema;

use crate::{
    App,
    token::{INVALID, TokenField},
};

/// The token of a mailed link, and what the password is to be.
#[derive(ToSchema)]
#[schema(as = PasswordReset)]
pub struct Form {
    /// What follows `#reset-password=` in the link.
    #[schema(value_type = String)]
    token: TokenField,
    #[schema(value_type = String, format = Password, min_length = 8, rename = "newPassword")]
    new: Password,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", text(TokenField::parse));
        let new = fields.required("newPassword", text(Password::parse));
        Some(Self {
            token: token?,
            new: new?,
        })
    }
}

/// Choose a new password.
///
/// One transaction uses the token up, replaces the hash, lets a locked account in again and ends all its sessions. Other
/// links that were mailed before are void.
#[utoipa::path(
    post,
    path = "/password/reset",
    operation_id = "resetPassword",
    tag = "accounts",
    request_body = Form,
    responses(
        (status = 204),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_email_token`; `validation_failed` (fields: `password_too_short`, \
                `password_too_long`, `password_repeats`, `password_too_common`, `required`, `wrong_type`, \
                `unknown_field`)"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn reset(
    State(app): State<Arc<App>>,
    JsonBody(form): JsonBody<Form>,
) -> Result<StatusCode, Problem> {
    let token = form.token.find(&app).await?;
    let EmailTokenPurpose::Reset {
        user_id,
        email,
        epoch,
    } = &token.purpose
    else {
        return Err(INVALID);
    };
    let new = password::hash(&form.new, app.cost).await;
    let new = new.map_err(|error| Problem::internal(&error))?;
    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    let account = AccountRef {
        user_id: *user_id,
        email,
    };
    let (tokens, now) = (&app.tokens, app.clock.now());
    match recovery::reset_password(tokens, tables, &token, account, *epoch, &new, now).await? {
        Redemption::Redeemed => {
            tracing::info!(%user_id, "password_reset");
            Ok(StatusCode::NO_CONTENT)
        }
        Redemption::InvalidToken | Redemption::EmailTaken => Err(INVALID),
    }
}
