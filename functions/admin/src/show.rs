use axum::{
    extract::{Path, State},
    response::Response,
};
use http_api::{Administrator, Problem, ProblemDocument};

use crate::{
    App,
    view::{ManagedUserResponse, parse_user_id, user_response},
};

/// Get a user.
#[utoipa::path(
    get,
    path = "/admin/users/{id}",
    operation_id = "adminGetUser",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the user's id")),
    responses(
        (status = 200, description = "the user", body = ManagedUserResponse,
            headers(("ETag" = String, description = "the version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn show(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let user = app.users.find(parse_user_id(&id)?).await?;
    user_response(&app, &user.ok_or(Problem::not_found())?).await
}
