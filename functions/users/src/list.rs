use api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument, UserView};
use axum::{Json, extract::State};
use domain::UserId;

use crate::App;

/// List everybody but the caller, newest first.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "listUsers",
    tag = "users",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, body = List<UserView>),
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
    // One more than asked tells whether there is a next page, and one may be the caller.
    let mut users = app.users.list(before, page.limit + 2).await?;
    users.retain(|user| user.id != caller.user_id);
    let more = users.len() > page.limit;
    users.truncate(page.limit);
    let next = users
        .last()
        .filter(|_| more)
        .map(|last| Cursor(*last.id.as_bytes()).encode());
    let items = users
        .iter()
        .map(|user| UserView::for_caller(user, &caller))
        .collect();
    Ok(Json(List { items, next }))
}
