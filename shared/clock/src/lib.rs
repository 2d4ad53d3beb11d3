//! The source of the time, for Cloakroom and for the local system.

use std::sync::Arc;

use time::OffsetDateTime;

/// The source of the time. Passed in, so that a test sets the time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Fixed(OffsetDateTime),
    Given(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still.
    #[must_use]
    pub fn fixed(at: OffsetDateTime) -> Self {
        Self(Source::Fixed(at))
    }

    /// A clock that calls `now` each time.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Source::Given(Arc::new(now)))
    }

    /// The time in UTC, in whole milliseconds: stored and returned times are no finer.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let now = match &self.0 {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the clock"
            )]
            Source::System => OffsetDateTime::now_utc(),
            Source::Fixed(at) => *at,
            Source::Given(now) => now(),
        };
        now.replace_millisecond(now.millisecond()).unwrap_or(now)
    }

    /// The time in milliseconds since 1970, as AWS events have it.
    #[must_use]
    pub fn epoch_ms(&self) -> i64 {
        let milliseconds = self.now().unix_timestamp_nanos() / 1_000_000;
        i64::try_from(milliseconds).unwrap_or(i64::MAX)
    }

    /// The milliseconds that have passed since `earlier`.
    #[must_use]
    pub fn milliseconds_since(&self, earlier: OffsetDateTime) -> u64 {
        u64::try_from((self.now() - earlier).whole_milliseconds()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn time_has_whole_milliseconds() {
        let clock = Clock::fixed(datetime!(2026-01-02 03:04:05.678_901 UTC));
        assert_eq!(clock.now(), datetime!(2026-01-02 03:04:05.678 UTC));
    }
}
