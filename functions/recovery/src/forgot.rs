use std::sync::Arc;

use axum::extract::State;
use domain::Email;
use http::StatusCode;
use http_api::{Fields, FromFields, JsonBody, Problem, ProblemDocument, text};
use store::MailOrder;
use utoipa::ToSchema;

use crate::App;

const MAIL_NOT_CONFIGURED: Problem = Problem::new(
    StatusCode::NOT_IMPLEMENTED,
    "mail_not_configured",
    "this installation sends no mail; ask whoever runs it",
);

/// Whose password is forgotten.
#[derive(ToSchema)]
#[schema(as = ForgottenPassword)]
pub struct Form {
    /// The address of the account.
    #[schema(value_type = String, format = Email, example = "ada@example.com")]
    email: Email,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields
            .required("email", text(Email::parse))
            .map(|email| Self { email })
    }
}

/// Ask for a new password.
///
/// If the address has an account, a mail with a link goes there: one in each five minutes, and `MailsPerMailbox` mails of
/// all kinds in a day. The answer is the same when no mail is sent.
#[utoipa::path(
    post,
    path = "/password/forgot",
    operation_id = "forgotPassword",
    tag = "accounts",
    request_body = Form,
    responses(
        (status = 202, description = "a mail is on its way, if the address has an account"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_email`, `required`, `wrong_type`, `unknown_field`)"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "`mail_not_configured`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn forgot(
    State(app): State<Arc<App>>,
    JsonBody(form): JsonBody<Form>,
) -> Result<StatusCode, Problem> {
    let outbox = app.mail.as_ref().ok_or(MAIL_NOT_CONFIGURED)?;
    // It looks nothing up, so it has nothing to tell, by words or by time.
    let order = MailOrder::Reset { email: form.email };
    outbox.order(&order, app.clock.now()).await?;
    Ok(StatusCode::ACCEPTED)
}
