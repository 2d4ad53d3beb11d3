use crate::Invalid;

const MIB: u64 = 1024 * 1024;

/// The largest file that one PUT or one form can upload.
const MAX_SINGLE_BYTES: u64 = 100 * MIB;
/// S3's limits (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
pub const MAX_PARTS: u64 = 10_000;
/// The largest object.
const MAX_BYTES: u64 = 5 * 1024 * 1024 * MIB;
/// Small enough to send again on a bad connection, and large enough for few requests; S3 accepts 5 MiB and more.
const MIN_PART_BYTES: u64 = 8 * MIB;

const TOO_LARGE: Invalid = Invalid::new(
    "too_large",
    "The file is too large. Send at most 5 TiB (5497558138880 bytes).",
);
const BAD_PART_NUMBER: Invalid = Invalid::new(
    "invalid_part_number",
    "The upload has no such part. Send a number from 1 to its `partCount`.",
);

/// Bytes of a file: at most 5 TiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

impl Size {
    /// The largest size of an upload without parts.
    pub const MAX_SINGLE: Self = Self(MAX_SINGLE_BYTES);

    /// Parses a number of bytes.
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

    /// The size, or `bytes` if those are fewer.
    #[must_use]
    pub const fn at_most(self, bytes: u64) -> Self {
        if bytes < self.0 { Self(bytes) } else { self }
    }

    /// Whether it can be uploaded without parts.
    #[must_use]
    pub const fn is_single(self) -> bool {
        self.0 <= MAX_SINGLE_BYTES
    }
}

/// S3's least size of a part that is not the last; the upload widget cuts files into parts of it.
pub(super) const MIN_S3_PART_BYTES: u64 = 5 * MIB;

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
    /// Plans parts of whole MiB, at least 8, and so large that 10,000 parts are enough.
    #[must_use]
    pub const fn of(size: Size) -> Self {
        let least = size.0.div_ceil(MAX_PARTS).next_multiple_of(MIB);
        let part_size = if least < MIN_PART_BYTES {
            MIN_PART_BYTES
        } else {
            least
        };
        Self::with_part_size(size, part_size)
    }

    /// As the upload widget cuts a file of this size: parts of 5 MiB, larger ones if those would be more than 10,000.
    #[must_use]
    pub const fn of_widget(size: Size) -> Self {
        let least = size.0.div_ceil(MAX_PARTS);
        let part_size = if least < MIN_S3_PART_BYTES {
            MIN_S3_PART_BYTES
        } else {
            least
        };
        Self::with_part_size(size, part_size)
    }

    /// Parts of this many bytes.
    #[must_use]
    pub const fn with_part_size(size: Size, part_size: u64) -> Self {
        let part_size = if part_size == 0 { 1 } else { part_size };
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

/// Room for the parts of a file whose size was not announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reservation {
    /// Bytes to be charged: those that S3 has received, and those of the reserved parts.
    pub size: Size,
    /// How many part URLs may be signed before the next measurement.
    pub signings: u32,
}

impl Reservation {
    /// How many parts are reserved at once if there is room: the more, the fewer requests to S3.
    const AHEAD: u64 = 16;

    /// Reserves room for at least `parts` more parts: 5 MiB each, the last one less if there is not enough room.
    /// `budget` is the most that the upload may be charged with. `None`: it is too small.
    #[must_use]
    pub fn new(received: u64, parts: u32, budget: u64) -> Option<Self> {
        let parts = u64::from(parts.max(1));
        // Only one part, the last of the file, may be smaller than S3's least size.
        let least = received + (parts - 1) * MIN_S3_PART_BYTES + 1;
        let most = received + parts.max(Self::AHEAD) * MIN_S3_PART_BYTES;
        let size = Size::parse(most.min(budget)).ok()?;
        let signings = (size.0.saturating_sub(received)).div_ceil(MIN_S3_PART_BYTES);
        (least <= size.0).then(|| Self {
            size,
            signings: u32::try_from(signings).unwrap_or(u32::MAX),
        })
    }
}

/// The number of a part, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartNumber(u16);

impl PartNumber {
    /// A part of an upload without planned parts: any number that S3 accepts.
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

    #[test]
    fn room_is_reserved_for_future_parts() {
        let reserve = |received, parts, budget| {
            let reserved = Reservation::new(received, parts, budget)?;
            Some((reserved.size.bytes(), reserved.signings))
        };
        assert_eq!(reserve(0, 1, 1024 * MIB), Some((80 * MIB, 16)));
        assert_eq!(reserve(0, 100, 1024 * MIB), Some((500 * MIB, 100)));
        assert_eq!(reserve(7 * MIB, 1, 1024 * MIB), Some((87 * MIB, 16)));
        assert_eq!(reserve(0, 1, 6 * MIB), Some((6 * MIB, 2)));
        assert_eq!(reserve(0, 2, 6 * MIB), Some((6 * MIB, 2)));
        assert_eq!(reserve(0, 2, 5 * MIB), None);
        assert_eq!(reserve(0, 1, 0), None);
        assert_eq!(reserve(6 * MIB, 1, 6 * MIB), None);
        assert_eq!(reserve(9 * MIB, 1, 6 * MIB), None);
        assert_eq!(reserve(0, 1, 1), Some((1, 1)));
    }

    proptest! {
        #[test]
        fn the_widget_cuts_a_file_into_at_most_10_000_parts(bytes in 0..=MAX_BYTES) {
            let plan = PartPlan::of_widget(Size(bytes));
            prop_assert!(plan.part_count <= MAX_PARTS);
            prop_assert!(plan.part_size >= MIN_S3_PART_BYTES);
            let last = plan.size_of(PartNumber::parse(plan.part_count).unwrap()).unwrap();
            prop_assert_eq!((plan.part_count - 1) * plan.part_size + last, bytes);
        }

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
