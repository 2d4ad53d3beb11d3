use crate::{Email, Invalid, UserId};

const EVERYONE: &str = "everyone";

const NOT_A_USER: Invalid = Invalid::new(
    "invalid_id",
    "The grantee is not valid. Send a user's id, or `everyone`.",
);

/// Who a read grant is given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// One user.
    User(UserId),
    /// The user whose verified address this is, now or later.
    Email(Email),
    /// All signed-in users.
    Everyone,
}

impl Grantee {
    /// Parses a user's id, or `everyone`.
    ///
    /// # Errors
    /// When it is neither. Users have UUIDs of version 7.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text == EVERYONE {
            return Ok(Self::Everyone);
        }
        let id = UserId::parse(text)?;
        let is_v7 = id.as_bytes()[6] >> 4 == 7;
        is_v7.then_some(Self::User(id)).ok_or(NOT_A_USER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grantee_is_a_user_or_everyone() {
        let user = "01994f6a-9c00-7000-8000-000000000001";
        let id = UserId::parse(user).unwrap();
        assert_eq!(Grantee::parse(user), Ok(Grantee::User(id)));
        assert_eq!(Grantee::parse(EVERYONE), Ok(Grantee::Everyone));
        // The last has version 8, as the keys of addresses have.
        let address = "01994f6a-9c00-8000-8000-000000000001";
        for text in ["", "Everyone", "*", "me", "ada@example.com", address] {
            assert!(Grantee::parse(text).is_err(), "{text}");
        }
    }
}
