//! Time in the formats of AWS events.

use domain::Clock;

/// Returns the time in milliseconds since 1970.
pub(crate) fn epoch_ms(clock: &Clock) -> i64 {
    let nanoseconds = clock.now().unix_timestamp_nanos();
    i64::try_from(nanoseconds / 1_000_000).unwrap_or(i64::MAX)
}
