use axum::{
    extract::{Path, State},
    response::Response,
};
use http_api::{Problem, ProblemDocument};

use crate::{
    App,
    admin::Admin,
    view::{Answer, answer, parse},
};

/// Look at an account.
#[utoipa::path(
    get,
    path = "/admin/users/{id}",
    operation_id = "adminGetUser",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Answer, headers(("ETag" = String, description = "the version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn show(
    State(app): State<App>,
    Admin(_): Admin,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let user = app.users.find(parse(&id)?).await?;
    Ok(answer(&user.ok_or(Problem::not_found())?))
}
