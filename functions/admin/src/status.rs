use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{AdminAction, Status};
use http_api::{Gateway, Problem, ProblemDocument};

use crate::{
    App,
    admin::Admin,
    manage::manage,
    view::{Answer, answer},
};

/// Shut an account.
///
/// One transaction: signing in is refused from now on, as for a wrong password, and all sessions end. Access tokens that
/// are out live out their minutes. Disabling what is disabled changes nothing.
#[utoipa::path(
    post,
    path = "/admin/users/{id}/disable",
    operation_id = "adminDisableUser",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Answer, headers(("ETag" = String, description = "the new version"))),
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
    Admin(admin): Admin,
    gateway: Gateway,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let action = AdminAction::SetStatus(Status::Disabled);
    let user = manage(&app, &gateway, &admin, &id, action).await?;
    Ok(answer(&user))
}

/// Open an account that was shut.
///
/// Its sessions stay ended: the user signs in again. Enabling what is not disabled changes nothing.
#[utoipa::path(
    post,
    path = "/admin/users/{id}/enable",
    operation_id = "adminEnableUser",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Answer, headers(("ETag" = String, description = "the new version"))),
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
    Admin(admin): Admin,
    gateway: Gateway,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let action = AdminAction::SetStatus(Status::Active);
    let user = manage(&app, &gateway, &admin, &id, action).await?;
    Ok(answer(&user))
}
