use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{AdminAction, Status};
use http_api::{Administrator, Gateway, Problem, ProblemDocument};

use crate::{
    App,
    manage::manage,
    view::{ManagedUserResponse, user_response},
};

/// Disable a user.
///
/// The user cannot sign in any more, and all their sessions end. Sign-in returns the same error as for a wrong password.
/// Access tokens stay valid until they expire. Idempotent: disabling a disabled user changes nothing.
#[utoipa::path(
    post,
    path = "/admin/users/{id}/disable",
    operation_id = "adminDisableUser",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the user's id")),
    responses(
        (status = 200, description = "the user", body = ManagedUserResponse,
            headers(("ETag" = String, description = "the new version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_yourself`, `changed_meanwhile`"),
    )
)]
pub async fn disable(
    State(app): State<App>,
    Administrator(admin): Administrator,
    gateway: Gateway,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let action = AdminAction::SetStatus(Status::Disabled);
    let user = manage(&app, &gateway, &admin, &id, action).await?;
    user_response(&app, &user).await
}

/// Enable a disabled user.
///
/// The user can sign in again. Their earlier sessions stay ended. Idempotent: enabling an active user changes nothing.
#[utoipa::path(
    post,
    path = "/admin/users/{id}/enable",
    operation_id = "adminEnableUser",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the user's id")),
    responses(
        (status = 200, description = "the user", body = ManagedUserResponse,
            headers(("ETag" = String, description = "the new version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_yourself`, `changed_meanwhile`"),
    )
)]
pub async fn enable(
    State(app): State<App>,
    Administrator(admin): Administrator,
    gateway: Gateway,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let action = AdminAction::SetStatus(Status::Active);
    let user = manage(&app, &gateway, &admin, &id, action).await?;
    user_response(&app, &user).await
}
