use auth::Caller;
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{User, UserId};
use http::header;
use http_api::{Authenticated, Problem, ProblemDocument, UserAnswer, UserView, etag};

use crate::App;

/// Look at somebody.
///
/// What is no id names nobody.
#[utoipa::path(
    get,
    path = "/users/{id}",
    operation_id = "getUser",
    tag = "users",
    security(("access_token" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = UserAnswer, headers(("ETag" = String, description = "the version"))),
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
    Ok(answer(&user, &caller))
}

/// Look at oneself.
///
/// A token of an account that is gone is no longer a token.
#[utoipa::path(
    get,
    path = "/users/me",
    operation_id = "getMe",
    tag = "users",
    security(("access_token" = [])),
    responses((status = 200, body = UserAnswer, headers(("ETag" = String, description = "the version"))))
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
    Ok(answer(&user, &caller))
}

/// A user with its `ETag`.
pub fn answer(user: &User, caller: &Caller) -> Response {
    let etag = [(header::ETAG, etag(user.version))];
    (
        etag,
        Json(UserAnswer {
            user: UserView::for_caller(user, caller),
        }),
    )
        .into_response()
}
