//! Time as the wire formats want it.

use domain::Clock;

/// Milliseconds since 1970.
pub(crate) fn epoch_ms(clock: &Clock) -> i64 {
    let nanoseconds = clock.now().unix_timestamp_nanos();
    i64::try_from(nanoseconds / 1_000_000).unwrap_or(i64::MAX)
}
