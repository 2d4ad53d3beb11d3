use auth::Caller;
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{User, UserId};
use http::header;
use http_api::{Authenticated, Problem, ProblemDocument, UserResponse, UserView, etag};

use crate::App;

/// Get a user.
///
/// `email` and `profile` are present only for the user and for administrators.
#[utoipa::path(
    get,
    path = "/users/{id}",
    operation_id = "getUser",
    tag = "users",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the user's id")),
    responses(
        (status = 200, description = "the user", body = UserResponse,
            headers(("ETag" = String, description = "the version"))),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
    )
)]
pub async fn user(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = UserId::parse(&id).map_err(|_| Problem::not_found())?;
    let user = app.users.find(id).await?.ok_or(Problem::not_found())?;
    Ok(user_response(&user, &caller))
}

/// Get the current user.
///
/// Returns 401 `invalid_token` if the user was deleted.
#[utoipa::path(
    get,
    path = "/users/me",
    operation_id = "getMe",
    tag = "users",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "the user", body = UserResponse,
            headers(("ETag" = String, description = "the version"))),
    )
)]
pub async fn me(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    let user = app
        .users
        .find(caller.user_id)
        .await?
        .ok_or_else(Problem::invalid_token)?;
    Ok(user_response(&user, &caller))
}

/// Creates a response with a user and its `ETag`.
pub fn user_response(user: &User, caller: &Caller) -> Response {
    let etag = [(header::ETAG, etag(user.version))];
    let user = UserView::for_caller(user, caller);
    (etag, Json(UserResponse { user })).into_response()
}
