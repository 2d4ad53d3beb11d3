use domain::{Role, Roles, SessionId, UserId};

/// The user, session and roles of a verified access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user (`sub`).
    pub user_id: UserId,
    /// The session of the token (`sid`).
    pub session_id: SessionId,
    /// The user's roles when the token was issued (`roles`).
    pub roles: Roles,
}

impl Caller {
    /// Returns whether the caller may see and manage the accounts of other users.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }
}
