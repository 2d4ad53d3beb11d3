use std::num::NonZeroU32;

use time::{Duration, OffsetDateTime};

/// One of the windows of equal length, in whole seconds, that requests and mails are counted in. Windows begin at the
/// multiples of their length since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    number: i64,
    length: i64,
}

impl TimeWindow {
    /// The window that a time is in. A length under a second counts as one second.
    #[must_use]
    pub fn at(now: OffsetDateTime, length: Duration) -> Self {
        let length = length.whole_seconds().max(1);
        Self {
            number: now.unix_timestamp().div_euclid(length),
            length,
        }
    }

    /// How many windows there were since 1970.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.number
    }

    /// When the window begins, in seconds since 1970.
    #[must_use]
    pub const fn begins_at(self) -> i64 {
        self.number * self.length
    }

    /// Seconds until the window ends; at least 1 for a time that is in it.
    #[must_use]
    pub const fn seconds_left(self, now: OffsetDateTime) -> i64 {
        self.begins_at() + self.length - now.unix_timestamp()
    }
}

/// How many more may come in a window after this one: `None` when this one, the `count`th, exceeds the quota.
#[must_use]
pub fn left_in_window(quota: NonZeroU32, count: u64) -> Option<u64> {
    u64::from(quota.get()).checked_sub(count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_quota_admits_as_many_as_it_says() {
        let quota = NonZeroU32::new(3).unwrap();
        let left: Vec<_> = (1..6).map(|count| left_in_window(quota, count)).collect();
        assert_eq!(left, [Some(2), Some(1), Some(0), None, None]);
    }

    #[test]
    fn windows_begin_at_full_minutes() {
        let window = |now| TimeWindow::at(now, Duration::MINUTE);
        let now = datetime!(2026-01-01 10:00:20.5 UTC);
        assert_eq!(window(now).seconds_left(now), 40);
        assert_eq!(window(now), window(datetime!(2026-01-01 10:00:59.999 UTC)));
        assert_ne!(window(now), window(datetime!(2026-01-01 10:01:00 UTC)));
        let begin = datetime!(2026-01-01 10:00:00 UTC);
        assert_eq!(window(now).begins_at(), begin.unix_timestamp());
        assert_eq!(window(begin).seconds_left(begin), 60);
    }

    proptest! {
        #[test]
        fn every_time_is_in_one_window(seconds in -100_000_000_000_i64..100_000_000_000, length in 1_i64..1_000_000) {
            let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            let window = TimeWindow::at(now, Duration::seconds(length));
            let left = window.seconds_left(now);
            prop_assert!(0 < left && left <= length);
            prop_assert!(window.begins_at() <= seconds);
            let next = TimeWindow::at(now + Duration::seconds(left), Duration::seconds(length));
            prop_assert_eq!(next.number(), window.number() + 1);
        }
    }
}
