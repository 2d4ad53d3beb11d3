use axum::extract::{Path, State};
use domain::SessionId;
use http::StatusCode;
use http_api::{Authenticated, Gateway, Problem, ProblemDocument};

use crate::App;

/// End one of the caller's sessions.
///
/// Its refresh token can't be exchanged any more; its access token expires within minutes. Idempotent: an unknown or ended
/// session also returns 204.
#[utoipa::path(
    delete,
    path = "/users/me/sessions/{id}",
    operation_id = "endSession",
    tag = "accounts",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the session's id, as `GET /users/me/sessions` returned it")),
    responses(
        (status = 204, description = "the session has ended"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`: another user's session, or not an id"),
    )
)]
pub async fn end_session(
    State(App(app)): State<App>,
    Authenticated(caller): Authenticated,
    gateway: Gateway,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    // Not 204: it may be the id of a live session in another spelling.
    let id = SessionId::parse(&id).map_err(|_| Problem::not_found())?;
    if !app.sessions.end_own(id, caller.user_id).await? {
        return Err(Problem::not_found());
    }
    tracing::info!(
        request_id = gateway.request_id,
        user_id = %caller.user_id,
        session_id = %id,
        "session_ended"
    );
    Ok(StatusCode::NO_CONTENT)
}
