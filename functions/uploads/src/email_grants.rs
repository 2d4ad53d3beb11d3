//! Grants to addresses.
//!
//! No handler here reads whether an address has an account: neither the response nor its time depends on it.

use axum::extract::{Path, State};
use domain::{Email, upload::Grantee};
use http::StatusCode;
use http_api::{Authenticated, Fields, FromFields, JsonBody, Problem, ProblemDocument, text};
use utoipa::ToSchema;

use crate::{
    App,
    grants::{find_grantable, give},
};

const NO_VERIFICATION: &str =
    "This API does not send mail, so that no address can be verified. Use the id of the user.";

/// The address that an upload is shared with.
#[derive(ToSchema)]
pub struct EmailGrantRequest {
    /// The email address of the reader.
    #[schema(value_type = String, format = Email, example = "grace@example.com")]
    email: Email,
}

impl FromFields for EmailGrantRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields
            .required("email", text(Email::parse))
            .map(|email| Self { email })
    }
}

/// Grant the owner of an email address read access to an upload.
///
/// The grant takes effect for the account that has verified the address, now or later. The response is the same whether or not
/// there is such an account, and no mail is sent. Idempotent: repeating a grant, with the address in any case or Unicode form,
/// also returns 204.
#[utoipa::path(
    put,
    path = "/uploads/{id}/grants",
    operation_id = "grantReadByEmail",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = EmailGrantRequest,
    responses(
        (status = 204, description = "the grant exists"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_email`, `required`, `wrong_type`, `unknown_field`)"),
        (status = 501, body = ProblemDocument, content_type = "application/problem+json",
            description = "`mail_not_configured`: addresses cannot be verified"),
    )
)]
pub async fn grant(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<EmailGrantRequest>,
) -> Result<StatusCode, Problem> {
    let upload = find_grantable(&app, &caller, &id).await?;
    if !app.sends_mail {
        return Err(Problem::mail_not_configured().with_detail(NO_VERIFICATION.to_owned()));
    }
    give(&app, &upload, Grantee::Email(request.email)).await
}

/// Revoke the read access of the owner of an email address.
///
/// Ends a grant to the address, not one to a user id. Download URLs that were issued before stay valid for up to an hour.
/// Idempotent: revoking an unknown grant also returns 204.
#[utoipa::path(
    delete,
    path = "/uploads/{id}/grants",
    operation_id = "revokeReadByEmail",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id")),
    request_body = EmailGrantRequest,
    responses(
        (status = 204, description = "the grant does not exist any more"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_email`, `required`, `wrong_type`, `unknown_field`)"),
    )
)]
pub async fn revoke(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<EmailGrantRequest>,
) -> Result<StatusCode, Problem> {
    let upload = find_grantable(&app, &caller, &id).await?;
    let grantee = Grantee::Email(request.email);
    app.read_grants.revoke(upload.id, &grantee).await?;
    Ok(StatusCode::NO_CONTENT)
}
