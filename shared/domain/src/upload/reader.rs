use std::fmt;

use crate::{Invalid, UserId};

const EVERYONE: &str = "everyone";

/// The user, or all users, that a read grant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// One user.
    User(UserId),
    /// All signed-in users.
    Everyone,
}

impl Reader {
    /// Parses a user's id, or `everyone`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            EVERYONE => Ok(Self::Everyone),
            id => UserId::parse(id).map(Self::User),
        }
    }

    /// As 16 bytes, for a cursor. No user has the id that stands for all users: it is not a valid UUID version.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        match self {
            Self::User(id) => *id.as_bytes(),
            Self::Everyone => [0xFF; 16],
        }
    }

    /// The reader of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        if bytes == Self::Everyone.to_bytes() {
            Self::Everyone
        } else {
            Self::User(UserId::from_bytes(bytes))
        }
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Everyone => f.write_str(EVERYONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_has_only_one_text() {
        let user = "01994f6a-9c00-7000-8000-000000000001";
        for text in [user, EVERYONE] {
            let reader = Reader::parse(text).unwrap();
            assert_eq!(reader.to_string(), text);
            assert_eq!(Reader::from_bytes(reader.to_bytes()), reader);
        }
        for text in ["", "Everyone", "*", "me", &user.to_uppercase()] {
            assert!(Reader::parse(text).is_err(), "{text}");
        }
    }
}
