use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{User, UserId};
use http::header;
use http_api::{MailBlockView, Problem, UserView, etag};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

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
#[serde(rename_all = "camelCase")]
pub struct ManagedUserResponse {
    user: ManagedUserView,
    /// Why no mail is sent to the address of the user; null if mail is sent.
    mail_block: Option<MailBlockView>,
}

/// Creates a response with a user and its `ETag`. Reads whether mail to the user is blocked.
pub async fn user_response(app: &App, user: &User) -> Result<Response, Problem> {
    let block = app.mail_blocks.find(&user.email, app.clock.now()).await?;
    let etag = [(header::ETAG, etag(user.version))];
    let response = ManagedUserResponse {
        user: ManagedUserView::of(user),
        mail_block: block.map(MailBlockView::of),
    };
    Ok((etag, Json(response)).into_response())
}

/// Parses a user id from a path. An invalid id is a 404.
pub fn parse_user_id(id: &str) -> Result<UserId, Problem> {
    UserId::parse(id).map_err(|_| Problem::not_found())
}
