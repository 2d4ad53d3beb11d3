use axum::{Json, extract::State};
use domain::{User, UserId};
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument, UserView};

use crate::App;

/// List all users except the caller, newest first.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "listUsers",
    tag = "users",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, description = "a page of users", body = List<UserView>),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    page: Page,
) -> Result<Json<List<UserView>>, Problem> {
    let before = page.cursor.map(|Cursor(id)| UserId::from_bytes(id));
    // One row more shows whether there is a next page, and one row may be the caller.
    let mut users = app.users.list(before, page.limit + 2).await?;
    users.retain(|user| user.id != caller.user_id);
    let cursor = |last: &User| Cursor(*last.id.as_bytes());
    let view = |user: &User| UserView::for_caller(user, &caller);
    Ok(Json(List::of(users, page, cursor, view)))
}
