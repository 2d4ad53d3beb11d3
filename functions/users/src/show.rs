use api::{Authenticated, Problem, UserView, etag};
use auth::Caller;
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{User, UserId};
use http::header;
use serde::Serialize;

use crate::App;

#[derive(Serialize)]
struct Answer {
    user: UserView,
}

/// `GET /users/{id}`. What is no id names nobody.
pub async fn user(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = UserId::parse(&id).map_err(|_| Problem::not_found())?;
    let user = app.users.find(id).await?.ok_or(Problem::not_found())?;
    Ok(answer(&user, &caller))
}

/// `GET /users/me`. A token of an account that is gone is no longer a token.
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
        Json(Answer {
            user: UserView::for_caller(user, caller),
        }),
    )
        .into_response()
}
