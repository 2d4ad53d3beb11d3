use crate::{Invalid, Name};

const NOT_AN_AGE: Invalid = Invalid::new(
    "invalid_age",
    "The age is not valid. Send a whole number of years from 0 to 150.",
);

/// Years, 0 to 150.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age(u8);

impl Age {
    /// Parses a number of years.
    ///
    /// # Errors
    /// When it is not from 0 to 150.
    pub fn parse(years: u64) -> Result<Self, Invalid> {
        u8::try_from(years)
            .ok()
            .filter(|years| *years <= 150)
            .map(Self)
            .ok_or(NOT_AN_AGE)
    }

    /// The number of years.
    #[must_use]
    pub const fn years(self) -> u8 {
        self.0
    }
}

/// Details that a user enters, all of them optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Given name.
    pub first_name: Option<Name>,
    /// Family name.
    pub last_name: Option<Name>,
    /// The city of residence.
    pub city: Option<Name>,
    /// The age.
    pub age: Option<Age>,
}

/// The change of one member in a merge patch (RFC 7396).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Absent: the member stays as it is.
    #[default]
    Keep,
    /// `null`: the member is removed.
    Remove,
    /// A value: the member is set to it.
    Set(T),
}

/// A change to a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// Given name.
    pub first_name: Patch<Name>,
    /// Family name.
    pub last_name: Patch<Name>,
    /// The city of residence.
    pub city: Patch<Name>,
    /// The age.
    pub age: Patch<Age>,
}

impl ProfilePatch {
    /// The change that removes every member.
    #[must_use]
    pub fn clear() -> Self {
        Self {
            first_name: Patch::Remove,
            last_name: Patch::Remove,
            city: Patch::Remove,
            age: Patch::Remove,
        }
    }
}
