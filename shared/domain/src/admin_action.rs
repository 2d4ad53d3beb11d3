use time::OffsetDateTime;

use crate::{Roles, Status, User, UserId};

/// What an administrator does to another user's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminAction<'a> {
    /// Enables or disables the account. Disabling ends all its sessions.
    SetStatus(Status),
    /// Gives the user these roles and no others. The sessions continue: the next refresh issues a token with the new roles.
    SetRoles(&'a Roles),
    /// Deletes the account.
    Delete,
}

/// What an action does to an account as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminChange {
    /// The account already is as requested.
    Unchanged,
    /// The account becomes this.
    Updated(Box<User>),
    /// The account is deleted.
    Deleted,
}

impl AdminAction<'_> {
    /// Whether an administrator may act on an account: any but their own, so that there is always an administrator left.
    #[must_use]
    pub fn may_target(admin: UserId, target: UserId) -> bool {
        admin != target
    }

    /// What the action does to an account.
    #[must_use]
    pub fn apply_to(self, user: &User, now: OffsetDateTime) -> AdminChange {
        let (status, roles) = match self {
            Self::SetStatus(status) => (status, user.roles.clone()),
            Self::SetRoles(roles) => (user.status, roles.clone()),
            Self::Delete => return AdminChange::Deleted,
        };
        if (status, &roles) == (user.status, &user.roles) {
            return AdminChange::Unchanged;
        }
        AdminChange::Updated(Box::new(User {
            status,
            roles,
            version: user.version + 1,
            updated_at: now,
            ..user.clone()
        }))
    }

    /// Whether the action ends all sessions of an account that it updates.
    #[must_use]
    pub fn ends_sessions(self) -> bool {
        match self {
            Self::SetStatus(Status::Disabled) => true,
            Self::SetStatus(Status::Active) | Self::SetRoles(_) | Self::Delete => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{Email, Name, Profile, Role};

    const CREATED: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
    const NOW: OffsetDateTime = datetime!(2026-01-02 00:00:00 UTC);

    fn user(status: Status, roles: Roles) -> User {
        User {
            id: UserId::new(CREATED),
            email: Email::parse("ada@example.com").unwrap(),
            name: Name::parse("Ada").unwrap(),
            profile: Profile::default(),
            roles,
            status,
            verified_at: None,
            version: 3,
            created_at: CREATED,
            updated_at: CREATED,
        }
    }

    #[test]
    fn an_administrator_may_not_target_their_own_account() {
        let (admin, other) = (UserId::new(CREATED), UserId::new(CREATED));
        assert!(!AdminAction::may_target(admin, admin));
        assert!(AdminAction::may_target(admin, other));
    }

    #[test]
    fn an_action_changes_what_it_names_and_nothing_else() {
        let all_roles = [Roles::new(), Roles::from([Role::Admin])];
        let both = [Status::Active, Status::Disabled];
        for (status, roles) in both
            .iter()
            .flat_map(|s| all_roles.iter().map(move |r| (*s, r)))
        {
            let user = user(status, roles.clone());
            let changed = User {
                version: 4,
                updated_at: NOW,
                ..user.clone()
            };
            for wanted in both {
                let expected = User {
                    status: wanted,
                    ..changed.clone()
                };
                let change = AdminAction::SetStatus(wanted).apply_to(&user, NOW);
                assert_eq!(change, outcome(wanted == status, expected));
            }
            for wanted in &all_roles {
                let expected = User {
                    roles: wanted.clone(),
                    ..changed.clone()
                };
                let change = AdminAction::SetRoles(wanted).apply_to(&user, NOW);
                assert_eq!(change, outcome(wanted == roles, expected));
            }
            let change = AdminAction::Delete.apply_to(&user, NOW);
            assert_eq!(change, AdminChange::Deleted);
        }
    }

    fn outcome(is_unchanged: bool, user: User) -> AdminChange {
        if is_unchanged {
            AdminChange::Unchanged
        } else {
            AdminChange::Updated(Box::new(user))
        }
    }

    #[test]
    fn only_disabling_ends_the_sessions() {
        assert!(AdminAction::SetStatus(Status::Disabled).ends_sessions());
        assert!(!AdminAction::SetStatus(Status::Active).ends_sessions());
        assert!(!AdminAction::SetRoles(&Roles::new()).ends_sessions());
        assert!(!AdminAction::Delete.ends_sessions());
    }
}
