use std::{fmt, str::FromStr};

/// bcrypt is not defined below 4.
const MIN: u32 = 4;
/// 2^16 rounds take about 4 s on a laptop, and longer than a request may take on Lambda.
const MAX: u32 = 16;

/// The cost of a bcrypt hash, which takes `2^cost` rounds. Read from `BCRYPT_COST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(u32);

/// Not an integer from 4 to 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a bcrypt cost is an integer from {MIN} to {MAX}")]
pub struct BadCost;

impl Cost {
    /// Creates a cost.
    ///
    /// # Errors
    /// When it is not from 4 to 16.
    pub const fn new(cost: u32) -> Result<Self, BadCost> {
        if MIN <= cost && cost <= MAX {
            Ok(Self(cost))
        } else {
            Err(BadCost)
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Returns all costs from this one up to `end`, without `end`.
    pub(super) fn until(self, end: Self) -> impl Iterator<Item = Self> {
        (self.0..end.0).map(Self)
    }
}

impl FromStr for Cost {
    type Err = BadCost;

    fn from_str(text: &str) -> Result<Self, BadCost> {
        text.parse().map_err(|_| BadCost).and_then(Self::new)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_from_4_to_16() {
        for cost in 4..=16 {
            assert_eq!(cost.to_string().parse(), Ok(Cost(cost)));
        }
        for bad in ["", "3", "17", "-4", "12.0", "twelve", "4294967300"] {
            assert_eq!(bad.parse::<Cost>(), Err(BadCost), "{bad}");
        }
    }
}
