use axum::extract::{Path, State};
use domain::AdminAction;
use http::StatusCode;
use http_api::{Administrator, Gateway, Problem, ProblemDocument};

use crate::{App, manage::manage};

/// Delete a user.
///
/// Removes the account and frees its email address, like `DELETE /users/me`. Also the user's files, shares, products and
/// library are deleted within minutes; locked files when their lock ends. Orders stay under a pseudonym.
#[utoipa::path(
    delete,
    path = "/admin/users/{id}",
    operation_id = "adminDeleteUser",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the user's id")),
    responses(
        (status = 204, description = "the user is deleted"),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_yourself`, `changed_meanwhile`"),
    )
)]
pub async fn delete(
    State(app): State<App>,
    Administrator(admin): Administrator,
    gateway: Gateway,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    manage(&app, &gateway, &admin, &id, AdminAction::Delete).await?;
    Ok(StatusCode::NO_CONTENT)
}
