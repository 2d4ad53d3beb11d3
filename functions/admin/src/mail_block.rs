use axum::extract::{Path, State};
use http::StatusCode;
use http_api::{Administrator, Gateway, Problem, ProblemDocument};

use crate::{App, view::parse_user_id};

/// Allow mail to a user again.
///
/// After a bounce or a complaint, no mail is sent to an address for 180 days. Idempotent. SES has its own suppression list, which
/// can hold the address as well: docs/OPERATIONS.md.
#[utoipa::path(
    delete,
    path = "/admin/users/{id}/mail-block",
    operation_id = "adminAllowMail",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the user's id")),
    responses(
        (status = 204, description = "mail is sent to the user"),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn delete(
    State(app): State<App>,
    Administrator(admin): Administrator,
    gateway: Gateway,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let user = app.users.find(parse_user_id(&id)?).await?;
    let user = user.ok_or(Problem::not_found())?;
    app.mail_blocks.allow(&user.email, app.clock.now()).await?;
    tracing::warn!(
        request_id = gateway.request_id,
        admin = %admin.user_id,
        user = %user.id,
        what = "mail allowed",
        "admin_changed_user"
    );
    Ok(StatusCode::NO_CONTENT)
}
