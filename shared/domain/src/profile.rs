use crate::{Invalid, Name};

const NOT_AN_AGE: Invalid = Invalid::new(
    "invalid_age",
    "an age is a whole number of years from 0 to 150",
);

/// Years, 0 to 150.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age(u8);

impl Age {
    /// Reads a number of years.
    ///
    /// # Errors
    /// When nobody is that old.
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

/// What people tell of themselves, all of it optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Given name.
    pub first_name: Option<Name>,
    /// Family name.
    pub last_name: Option<Name>,
    /// Where they live.
    pub city: Option<Name>,
    /// How old they are.
    pub age: Option<Age>,
}

/// What a merge patch (RFC 7396) says of one member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Nothing: it stays as it is.
    #[default]
    Keep,
    /// `null`: it goes.
    Remove,
    /// It becomes this.
    Set(T),
}

/// A change to a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// Given name.
    pub first_name: Patch<Name>,
    /// Family name.
    pub last_name: Patch<Name>,
    /// Where they live.
    pub city: Patch<Name>,
    /// How old they are.
    pub age: Patch<Age>,
}

impl ProfilePatch {
    /// The change that leaves nothing, whatever was there.
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
