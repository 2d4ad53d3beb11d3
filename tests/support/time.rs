//! Times relative to now.

use domain::Clock;
use time::{Duration, Time, format_description::well_known::Rfc3339};

/// Returns the time in `hours` from now, in whole seconds: as the API takes it, and in seconds since 1970.
pub fn hours_from_now(hours: i64) -> (String, i64) {
    let time = Clock::system().now() + Duration::hours(hours);
    let time = time.replace_nanosecond(0).unwrap();
    (time.format(&Rfc3339).unwrap(), time.unix_timestamp())
}

/// Waits until midnight UTC is over, if it is near: the limits of a day begin anew then, in the middle of a test.
pub async fn not_at_midnight() {
    let left = Clock::system().now().time().duration_until(Time::MIDNIGHT);
    if left < Duration::seconds(30) {
        tokio::time::sleep(left.unsigned_abs()).await;
    }
}
