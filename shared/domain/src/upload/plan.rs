use crate::Invalid;

const MIB: u64 = 1024 * 1024;

/// The largest file that comes with one PUT or one form.
const MAX_SINGLE_BYTES: u64 = 100 * MIB;
/// S3's limits (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
pub const MAX_PARTS: u64 = 10_000;
/// The largest object.
const MAX_BYTES: u64 = 5 * 1024 * 1024 * MIB;
/// Little enough to send again on a bad connection, enough not to ask too often; S3 takes 5 MiB and more.
const MIN_PART_BYTES: u64 = 8 * MIB;

const TOO_LARGE: Invalid = Invalid::new("too_large", "must be at most 5 TiB (5497558138880 bytes)");
const BAD_PART_NUMBER: Invalid = Invalid::new(
    "invalid_part_number",
    "must be a part of this upload: from 1 to its partCount",
);

/// Bytes of a file: at most 5 TiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

impl Size {
    /// No bytes.
    pub const NONE: Self = Self(0);
    /// The most that comes in one piece.
    pub const MAX_SINGLE: Self = Self(MAX_SINGLE_BYTES);

    /// Reads a number of bytes.
    ///
    /// # Errors
    /// When S3 could not hold them in one object.
    pub const fn parse(bytes: u64) -> Result<Self, Invalid> {
        if bytes <= MAX_BYTES {
            Ok(Self(bytes))
        } else {
            Err(TOO_LARGE)
        }
    }

    /// The number.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Whether it comes in one piece.
    #[must_use]
    pub const fn is_single(self) -> bool {
        self.0 <= MAX_SINGLE_BYTES
    }
}

/// How a file is cut into parts: all of one size but the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPlan {
    /// Bytes of every part but the last.
    pub part_size: u64,
    /// How many parts.
    pub part_count: u64,
    total: u64,
}

impl PartPlan {
    /// Whole MiB, at least 8, and so many that 10,000 parts are enough.
    #[must_use]
    pub const fn of(size: Size) -> Self {
        let least = size.0.div_ceil(MAX_PARTS).next_multiple_of(MIB);
        let part_size = if least < MIN_PART_BYTES {
            MIN_PART_BYTES
        } else {
            least
        };
        let count = size.0.div_ceil(part_size);
        Self {
            part_size,
            part_count: if count == 0 { 1 } else { count },
            total: size.0,
        }
    }

    /// Bytes of a part.
    ///
    /// # Errors
    /// When there is no such part.
    pub fn size_of(&self, PartNumber(number): PartNumber) -> Result<u64, Invalid> {
        let number = u64::from(number);
        if number > self.part_count {
            return Err(BAD_PART_NUMBER);
        }
        let before = (number - 1) * self.part_size;
        Ok(self.part_size.min(self.total - before))
    }
}

/// The number of a part, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartNumber(u16);

impl PartNumber {
    /// A part of an upload whose parts nobody planned: any number that S3 takes.
    ///
    /// # Errors
    /// When it is not from 1 to 10,000.
    pub fn parse(number: u64) -> Result<Self, Invalid> {
        match u16::try_from(number) {
            Ok(n) if (1..=MAX_PARTS).contains(&number) => Ok(Self(n)),
            _ => Err(BAD_PART_NUMBER),
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_piece_up_to_100_mib() {
        assert!(Size(MAX_SINGLE_BYTES).is_single());
        assert!(!Size(MAX_SINGLE_BYTES + 1).is_single());
        assert_eq!(
            PartPlan::of(Size(MAX_SINGLE_BYTES + 1)),
            PartPlan {
                part_size: 8 * MIB,
                part_count: 13,
                total: MAX_SINGLE_BYTES + 1
            }
        );
        assert_eq!(Size::parse(MAX_BYTES + 1), Err(TOO_LARGE));
    }

    proptest! {
        #[test]
        fn the_parts_are_the_file(bytes in MAX_SINGLE_BYTES + 1..=MAX_BYTES) {
            let plan = PartPlan::of(Size(bytes));
            prop_assert!(plan.part_count <= MAX_PARTS);
            prop_assert!((5 * MIB..=5 * 1024 * MIB).contains(&plan.part_size));
            let size_of = |number| PartNumber::parse(number).and_then(|part| plan.size_of(part));
            let last = size_of(plan.part_count).unwrap();
            prop_assert!(last > 0);
            prop_assert_eq!((plan.part_count - 1) * plan.part_size + last, bytes);
            prop_assert!(size_of(0).is_err() && size_of(plan.part_count + 1).is_err());
        }
    }
}
