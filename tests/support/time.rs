//! Times from now on.

use domain::Clock;
use time::{Duration, format_description::well_known::Rfc3339};

/// The time in so many hours, in whole seconds: as the API takes it, and in seconds since 1970.
pub fn in_hours(hours: i64) -> (String, i64) {
    let time = Clock::system().now() + Duration::hours(hours);
    let time = time.replace_nanosecond(0).unwrap();
    (time.format(&Rfc3339).unwrap(), time.unix_timestamp())
}
