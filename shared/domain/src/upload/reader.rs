use std::fmt;

use crate::{AddressId, Invalid, UserId};

const EVERYONE: &str = "everyone";
/// Separates addresses from users: a text of one is never a text of the other.
const ADDRESS: &str = "email:";

/// The key of a read grant's grantee. The address of a grant is in it as a digest only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// One user.
    User(UserId),
    /// The user whose verified address this is, now or later.
    Address(AddressId),
    /// All signed-in users.
    Everyone,
}

impl Reader {
    /// Parses the text of a key.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text == EVERYONE {
            return Ok(Self::Everyone);
        }
        match text.strip_prefix(ADDRESS) {
            Some(id) => AddressId::parse(id).map(Self::Address),
            None => UserId::parse(text).map(Self::User),
        }
    }

    /// As 16 bytes, for a cursor. They differ by the version of the UUID: 7 for a user, 8 for an address, none for all users.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        match self {
            Self::User(id) => *id.as_bytes(),
            Self::Address(id) => *id.as_bytes(),
            Self::Everyone => [0xFF; 16],
        }
    }

    /// The reader of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        if bytes == Self::Everyone.to_bytes() {
            return Self::Everyone;
        }
        match bytes[6] >> 4 {
            8 => Self::Address(AddressId::from_bytes(bytes)),
            _ => Self::User(UserId::from_bytes(bytes)),
        }
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Address(id) => write!(f, "{ADDRESS}{id}"),
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
        let address = Reader::Address(AddressId::of_digest([0x5A; 32])).to_string();
        for text in [user, &address, EVERYONE] {
            let reader = Reader::parse(text).unwrap();
            assert_eq!(reader.to_string(), text);
            assert_eq!(Reader::from_bytes(reader.to_bytes()), reader);
        }
        for text in ["", "Everyone", "*", "me", "email:", &user.to_uppercase()] {
            assert!(Reader::parse(text).is_err(), "{text}");
        }
        assert_ne!(Reader::parse(&address[6..]), Reader::parse(&address));
    }
}
