use std::sync::Arc;

use auth::password;
use axum::extract::State;
use domain::{AccountRef, EmailTokenPurpose, Password};
use http::StatusCode;
use http_api::{Fields, FromFields, JsonBody, Problem, ProblemDocument, text};
use store::recovery::{self, Redemption};
use utoipa::ToSchema;

use crate::{
    App,
    token::{INVALID_TOKEN, TokenField},
};

/// The token of a mailed link, and the new password.
#[derive(ToSchema)]
pub struct ResetPasswordRequest {
    /// The part of the link after `#reset-password=`.
    #[schema(value_type = String)]
    token: TokenField,
    /// The new password: 8 characters to 71 bytes after NFKC normalization. Common passwords are refused.
    #[schema(value_type = String, format = Password, min_length = 8, rename = "newPassword")]
    new: Password,
}

impl FromFields for ResetPasswordRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", text(TokenField::parse));
        let new = fields.required("newPassword", text(Password::parse));
        Some(Self {
            token: token?,
            new: new?,
        })
    }
}

/// Set a new password with the token of a mailed link.
///
/// The token works once. All sessions of the account end, a lock after wrong passwords ends, and earlier mailed links
/// become invalid.
#[utoipa::path(
    post,
    path = "/password/reset",
    operation_id = "resetPassword",
    tag = "accounts",
    request_body = ResetPasswordRequest,
    responses(
        (status = 204, description = "the password is changed"),
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
    JsonBody(request): JsonBody<ResetPasswordRequest>,
) -> Result<StatusCode, Problem> {
    let token = request.token.find(&app).await?;
    let EmailTokenPurpose::Reset {
        user_id,
        email,
        epoch,
    } = &token.purpose
    else {
        return Err(INVALID_TOKEN);
    };
    let new = password::hash(&request.new, app.cost).await;
    let new = new.map_err(|error| Problem::internal(&error))?;
    let account = AccountRef {
        user_id: *user_id,
        email,
    };
    let (tokens, now) = (&app.tokens, app.clock.now());
    match recovery::reset_password(tokens, app.tables(), &token, account, *epoch, &new, now).await?
    {
        Redemption::Redeemed => {
            tracing::info!(%user_id, "password_reset");
            Ok(StatusCode::NO_CONTENT)
        }
        Redemption::InvalidToken | Redemption::EmailTaken => Err(INVALID_TOKEN),
    }
}
