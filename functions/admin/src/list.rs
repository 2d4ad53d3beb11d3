use axum::{Json, extract::State};
use domain::{Email, NameKey, NamePrefix, User, UserId};
use http_api::{Administrator, Cursor, List, Page, Problem, ProblemDocument, TextCursor};

use crate::{
    App,
    search::{UserSearch, UserSearchParams},
    view::ManagedUserView,
};

/// List all users, newest first, or find users by email address or name.
///
/// The search by name follows new names and deletions within a second.
#[utoipa::path(
    get,
    path = "/admin/users",
    operation_id = "adminListUsers",
    tag = "admin",
    security(("access_token" = [])),
    params(UserSearchParams, Page),
    responses(
        (status = 200, description = "a page of users", body = List<ManagedUserView>),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`, `invalid_email`, `too_short`, `too_long`, \
                `not_with_email`)"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Administrator(_): Administrator,
    search: UserSearch,
) -> Result<Json<List<ManagedUserView>>, Problem> {
    let found = match search {
        UserSearch::All(page) => list_all(&app, page).await?,
        UserSearch::Email(email) => find_by_email(&app, &email).await?,
        UserSearch::Name {
            prefix,
            limit,
            after,
        } => list_by_name(&app, &prefix, limit, after.as_ref()).await?,
    };
    Ok(Json(found))
}

async fn list_all(app: &App, page: Page) -> Result<List<ManagedUserView>, Problem> {
    let before = page.cursor.map(|Cursor(id)| UserId::from_bytes(id));
    let users = app.users.list(before, page.limit + 1).await?;
    let cursor = |last: &User| Cursor(*last.id.as_bytes());
    Ok(List::of(users, page, cursor, ManagedUserView::of))
}

/// A list of the user with the address, or an empty list.
async fn find_by_email(app: &App, email: &Email) -> Result<List<ManagedUserView>, Problem> {
    let user = match app.credentials.find_user_id(email).await? {
        Some(id) => app.users.find(id).await?,
        None => None,
    };
    Ok(List {
        items: user.iter().map(ManagedUserView::of).collect(),
        next: None,
    })
}

async fn list_by_name(
    app: &App,
    prefix: &NamePrefix,
    limit: usize,
    after: Option<&NameKey>,
) -> Result<List<ManagedUserView>, Problem> {
    let mut found = app.users.find_by_name(prefix, after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    Ok(List {
        next: last.map(|last| TextCursor(last.key.as_str().to_owned()).encode()),
        items: found
            .iter()
            .map(|found| ManagedUserView::of(&found.user))
            .collect(),
    })
}
