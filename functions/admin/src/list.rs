use axum::{Json, extract::State};
use domain::{User, UserId};
use http_api::{Cursor, List, Page, Problem, ProblemDocument};

use crate::{App, admin::Admin, view::ManagedUserView};

/// List all users, newest first.
#[utoipa::path(
    get,
    path = "/admin/users",
    operation_id = "adminListUsers",
    tag = "admin",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, description = "a page of users", body = List<ManagedUserView>),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Admin(_): Admin,
    page: Page,
) -> Result<Json<List<ManagedUserView>>, Problem> {
    let before = page.cursor.map(|Cursor(id)| UserId::from_bytes(id));
    let users = app.users.list(before, page.limit + 1).await?;
    let cursor = |last: &User| Cursor(*last.id.as_bytes());
    Ok(Json(List::of(users, page, cursor, ManagedUserView::of)))
}
