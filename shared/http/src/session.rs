use domain::SessionId;
use serde::Serialize;
use store::SessionEntry;
use utoipa::ToSchema;

use crate::Timestamp;

/// A session of the caller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    #[schema(format = "uuid")]
    id: String,
    /// The time of the sign-in.
    created_at: Timestamp,
    /// The time of the last refresh, or of the sign-in if there was none.
    last_used_at: Timestamp,
    /// Whether the access token of this request belongs to this session.
    current: bool,
}

impl SessionView {
    /// Creates the view of a session for a request of the session `current`.
    #[must_use]
    pub fn new(session: &SessionEntry, current: SessionId) -> Self {
        Self {
            id: session.id.to_string(),
            created_at: Timestamp(session.created_at),
            last_used_at: Timestamp(session.last_used_at()),
            current: session.id == current,
        }
    }
}
