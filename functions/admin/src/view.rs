use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{User, UserId};
use http::header;
use http_api::{Problem, UserView, etag};
use serde::Serialize;
use utoipa::ToSchema;

/// A user with all fields and the status, for administrators.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ManagedUser)]
pub struct ManagedUserView {
    #[serde(flatten)]
    user: UserView,
    /// `active` or `disabled`. A disabled user cannot sign in.
    status: &'static str,
}

impl ManagedUserView {
    /// Creates the view of a user.
    pub fn of(user: &User) -> Self {
        Self {
            user: UserView::own(user),
            status: user.status.as_str(),
        }
    }
}

/// A response with a user, for administrators.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManagedUserResponse {
    user: ManagedUserView,
}

/// Creates a response with a user and its `ETag`.
pub fn user_response(user: &User) -> Response {
    let etag = [(header::ETAG, etag(user.version))];
    let user = ManagedUserView::of(user);
    (etag, Json(ManagedUserResponse { user })).into_response()
}

/// Parses a user id from a path. An invalid id is a 404.
pub fn parse_user_id(id: &str) -> Result<UserId, Problem> {
    UserId::parse(id).map_err(|_| Problem::not_found())
}
