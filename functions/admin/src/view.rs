use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{User, UserId};
use http::header;
use http_api::{Problem, UserView, etag};
use serde::Serialize;
use utoipa::ToSchema;

/// A user as administrators are shown them: all there is, and whether they may sign in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedUser)]
pub struct ManagedView {
    #[serde(flatten)]
    user: UserView,
    /// `active`, or `disabled`: then the user can't sign in.
    status: &'static str,
}

impl ManagedView {
    pub fn of(user: &User) -> Self {
        Self {
            user: UserView::own(user),
            status: user.status.as_str(),
        }
    }
}

/// A user, the way every route here answers with one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedUserAnswer)]
pub struct Answer {
    user: ManagedView,
}

/// A user with its `ETag`.
pub fn answer(user: &User) -> Response {
    let etag = [(header::ETAG, etag(user.version))];
    let user = ManagedView::of(user);
    (etag, Json(Answer { user })).into_response()
}

/// What is no id names nobody.
pub fn parse(id: &str) -> Result<UserId, Problem> {
    UserId::parse(id).map_err(|_| Problem::not_found())
}
