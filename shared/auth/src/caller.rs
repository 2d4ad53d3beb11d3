use domain::{Role, Roles, SessionId, UserId};

/// Who makes a request, as a verified access token says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user (`sub`).
    pub user_id: UserId,
    /// The sign-in this token descends from (`sid`).
    pub session_id: SessionId,
    /// The user's roles when the token was issued (`roles`).
    pub roles: Roles,
}

impl Caller {
    /// Whether the caller may see and manage other people's accounts.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }
}
