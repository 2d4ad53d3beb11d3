use axum::{Json, extract::State};
use domain::SessionId;
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument, SessionView};
use store::{LiveSessions, SessionEntry};

use crate::App;

/// List the caller's sessions, newest first.
///
/// Sessions that have ended or expired are not listed. A session that began less than a second ago may be missing.
#[utoipa::path(
    get,
    path = "/users/me/sessions",
    operation_id = "listSessions",
    tag = "accounts",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, body = List<SessionView>, description = "a page of sessions"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
    )
)]
pub async fn list(
    State(App(app)): State<App>,
    Authenticated(caller): Authenticated,
    page: Page,
) -> Result<Json<List<SessionView>>, Problem> {
    let account = app.users.account_state(caller.user_id).await?;
    let account = account.ok_or_else(Problem::invalid_token)?;
    let wanted = LiveSessions {
        owner: caller.user_id,
        epoch: account.session_epoch,
        before: page.cursor.map(|Cursor(id)| SessionId::from_bytes(id)),
        limit: page.limit + 1,
    };
    let sessions = app.sessions.live(wanted, app.clock.now()).await?;
    let cursor = |last: &SessionEntry| Cursor(*last.id.as_bytes());
    let view = |session: &SessionEntry| SessionView::new(session, caller.session_id);
    Ok(Json(List::of(sessions, page, cursor, view)))
}
