use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{MailBlock, User, UserId};
use http::header;
use http_api::{Problem, Timestamp, UserView, etag};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// A user with all fields and the status, for administrators.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ManagedUser)]
pub struct ManagedUserView {
    #[serde(flatten)]
    user: UserView,
    /// `active` or `disabled`. A disabled user cannot sign in.
    status: &'static str,
    /// Why no mail is sent to the address of the user; null if mail is sent.
    mail_block: Option<MailBlockView>,
}

/// Why no mail is sent to an address. The block ends after 180 days, or by `DELETE /admin/users/{id}/mail-block`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailBlock)]
pub struct MailBlockView {
    /// `bounce`: the mail server of the address refuses its mail. `complaint`: the recipient marked a mail as spam.
    reason: &'static str,
    /// When it was reported.
    since: Timestamp,
}

impl ManagedUserView {
    /// Creates the view of a user and the block of the user's address.
    pub fn of(user: &User, block: Option<MailBlock>) -> Self {
        Self {
            user: UserView::own(user),
            status: user.status.as_str(),
            mail_block: block.map(|block| MailBlockView {
                reason: block.reason.as_str(),
                since: Timestamp(block.since),
            }),
        }
    }
}

/// A response with a user, for administrators.
#[derive(Debug, Serialize, ToSchema)]
pub struct ManagedUserResponse {
    user: ManagedUserView,
}

/// Creates a response with a user and its `ETag`. Reads whether mail to the user is blocked.
pub async fn user_response(app: &App, user: &User) -> Result<Response, Problem> {
    let block = app.mail_blocks.find(&user.email, app.clock.now()).await?;
    let etag = [(header::ETAG, etag(user.version))];
    let user = ManagedUserView::of(user, block);
    Ok((etag, Json(ManagedUserResponse { user })).into_response())
}

/// Parses a user id from a path. An invalid id is a 404.
pub fn parse_user_id(id: &str) -> Result<UserId, Problem> {
    UserId::parse(id).map_err(|_| Problem::not_found())
}
