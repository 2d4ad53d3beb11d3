//! Random values that depend on the seed and on a number alone, so that a run repeats exactly.

use fake::rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use time::{Duration, OffsetDateTime};

/// The period that people and files are spread over.
const PERIOD: Duration = Duration::days(365);

/// What a random value is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Person,
    File,
    Salt,
    Product,
    Order,
}

/// Creates the generator of one person or file.
pub(super) fn generator(seed: u64, purpose: Purpose, number: usize) -> StdRng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8] = match purpose {
        Purpose::Person => 1,
        Purpose::File => 2,
        Purpose::Salt => 3,
        Purpose::Product => 4,
        Purpose::Order => 5,
    };
    key[16..24].copy_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
    StdRng::from_seed(key)
}

/// Chooses how long before the end of the period something happened, in whole milliseconds.
pub(super) fn age(random: &mut StdRng) -> Duration {
    let milliseconds = i64::try_from(PERIOD.whole_milliseconds()).unwrap_or(i64::MAX);
    Duration::milliseconds(random.random_range(1..milliseconds))
}

/// Returns the bytes of a `UUIDv7` of this time (RFC 9562).
pub(super) fn uuid_v7(random: &mut StdRng, at: OffsetDateTime) -> [u8; 16] {
    let mut bytes: [u8; 16] = random.random();
    let milliseconds = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
    bytes[6] = 0x70 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    bytes
}

/// Chooses one of several.
pub(super) fn choose<T: Copy>(random: &mut StdRng, all: &[T]) -> Option<T> {
    all.choose(random).copied()
}
