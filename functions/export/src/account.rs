//! What the accounts' own tables keep about a user, without secrets.

use auth::Caller;
use domain::{AddressId, SessionId, Status, User};
use http_api::{Cursor, List, MailBlockView, Page, Problem, SessionView, Timestamp, UserView};
use serde::Serialize;
use store::{LiveSessions, SessionEntry};
use utoipa::ToSchema;

use crate::App;

/// The caller's account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedUser {
    #[serde(flatten)]
    user: UserView,
    /// When the email address was verified; null if it is not.
    email_verified_at: Option<Timestamp>,
    /// Why no mail is sent to the address; null if mail is sent.
    mail_block: Option<MailBlockView>,
}

/// The caller's account, as it was read for this request.
pub struct Account {
    user: User,
    session_epoch: u64,
    current: SessionId,
}

impl Account {
    /// Reads the account of the caller.
    ///
    /// # Errors
    /// 401 when the account is deleted or disabled.
    pub async fn find(app: &App, caller: &Caller) -> Result<Self, Problem> {
        let found = app.users.find_with_epoch(caller.user_id).await?;
        let active = found.filter(|(user, _)| user.status == Status::Active);
        let (user, session_epoch) = active.ok_or_else(Problem::invalid_token)?;
        Ok(Self {
            user,
            session_epoch,
            current: caller.session_id,
        })
    }

    /// The id of the address, if it is verified: others share uploads with it. A claimed address shows nothing.
    pub fn address_id(&self) -> Option<AddressId> {
        store::verified_address_id(&self.user)
    }

    /// Returns the user, and whether mail is sent to the address.
    pub async fn user(&self, app: &App) -> Result<ExportedUser, Problem> {
        let now = app.clock.now();
        let block = app.mail_blocks.find(&self.user.email, now).await?;
        Ok(ExportedUser {
            user: UserView::own(&self.user),
            email_verified_at: self.user.verified_at.map(Timestamp),
            mail_block: block.map(MailBlockView::of),
        })
    }

    /// Lists the sessions that have not ended, newest first.
    ///
    /// # Errors
    /// 422 when the cursor is invalid.
    pub async fn sessions(
        &self,
        app: &App,
        after: Option<&str>,
        limit: usize,
    ) -> Result<List<SessionView>, Problem> {
        let decode = |text| Cursor::decode(text).ok_or_else(Problem::invalid_cursor);
        let cursor = after.map(decode).transpose()?;
        let wanted = LiveSessions {
            owner: self.user.id,
            epoch: self.session_epoch,
            before: cursor.map(|Cursor(id)| SessionId::from_bytes(id)),
            limit: limit + 1,
        };
        let sessions = app.sessions.live(wanted, app.clock.now()).await?;
        let cursor_after = |last: &SessionEntry| Cursor(*last.id.as_bytes());
        let view = |session: &SessionEntry| SessionView::new(session, self.current);
        Ok(List::of(
            sessions,
            Page { limit, cursor },
            cursor_after,
            view,
        ))
    }
}
