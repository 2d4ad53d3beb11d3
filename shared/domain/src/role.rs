use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A permission beyond a user's own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Lists and changes the accounts of other users.
    Admin,
    /// Sells products.
    Seller,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 2] = [Self::Admin, Self::Seller];

    /// The word in tokens, responses and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Seller => "seller",
        }
    }

    /// Parses the word of a role.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// The roles of one user; most users have none.
pub type Roles = BTreeSet<Role>;
