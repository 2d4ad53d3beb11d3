use std::sync::Arc;

use axum::extract::State;
use domain::Email;
use http::StatusCode;
use http_api::{AcceptLanguage, Fields, FromFields, JsonBody, Problem, ProblemDocument, text};
use store::MailOrder;
use utoipa::ToSchema;

use crate::App;

/// The account whose password was forgotten.
#[derive(ToSchema)]
pub struct ForgotPasswordRequest {
    /// The email address of the account.
    #[schema(value_type = String, format = Email, example = "ada@example.com")]
    email: Email,
}

impl FromFields for ForgotPasswordRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields
            .required("email", text(Email::parse))
            .map(|email| Self { email })
    }
}

/// Request a mail with a link for a new password.
///
/// If the address has an active account, it gets a mail: at most one in five minutes, and at most `MailsPerMailbox` mails
/// of all types in a day. The response is the same if no mail is sent.
#[utoipa::path(
    post,
    path = "/password/forgot",
    operation_id = "forgotPassword",
    tag = "accounts",
    params(("Accept-Language" = Option<String>, Header, example = "de-AT,de;q=0.9,en;q=0.8",
        description = "the language of the mail")),
    request_body = ForgotPasswordRequest,
    responses(
        (status = 202, description = "a mail will be sent if the address has an account"),
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
    AcceptLanguage(languages): AcceptLanguage,
    JsonBody(request): JsonBody<ForgotPasswordRequest>,
) -> Result<StatusCode, Problem> {
    let outbox = app.mail.as_ref().ok_or(Problem::mail_not_configured())?;
    // The account is not read here, so neither the response nor its time reveals whether it exists.
    let order = MailOrder::Reset {
        email: request.email,
    };
    outbox.order(&order, &languages, app.clock.now()).await?;
    Ok(StatusCode::ACCEPTED)
}
