use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What somebody may do beyond what everybody may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and manages other people's accounts.
    Admin,
}

impl Role {
    /// The word in tokens, answers and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
        }
    }

    /// The role of this word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        (word == Self::Admin.as_str()).then_some(Self::Admin)
    }
}

/// The roles of one user; most have none.
pub type Roles = BTreeSet<Role>;
