use time::{Duration, OffsetDateTime};

use super::{AttemptResult, DisableReason};

/// An endpoint that has failed for this long is disabled.
const LONGEST_FAILURE: Duration = Duration::days(5);

/// Failures that are further apart than this are not one failure: an endpoint that gets an event a month is not disabled for
/// one failure in each of two months. The attempts of one delivery are at most 11 hours apart.
const LONGEST_GAP: Duration = Duration::hours(24);

/// The status with which an endpoint says that it is gone for good.
const GONE: u16 = 410;

/// Failures without a success between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureSpan {
    /// The first failure.
    pub since: OffsetDateTime,
    /// The last failure.
    pub last: OffsetDateTime,
}

/// What an attempt changes of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointChange {
    /// Nothing: it works as before.
    None,
    /// It works again.
    Recovered,
    /// It fails.
    Failing(FailureSpan),
    /// It is disabled.
    Disabled(DisableReason),
}

impl EndpointChange {
    /// Decides what an attempt at `now` changes, given the failures before it.
    #[must_use]
    pub fn after(failing: Option<FailureSpan>, result: AttemptResult, now: OffsetDateTime) -> Self {
        if result.is_success() {
            return failing.map_or(Self::None, |_| Self::Recovered);
        }
        if result == AttemptResult::Status(GONE) {
            return Self::Disabled(DisableReason::Gone);
        }
        let since = match failing {
            Some(span) if now - span.last <= LONGEST_GAP => span.since,
            _ => now,
        };
        if now - since >= LONGEST_FAILURE {
            Self::Disabled(DisableReason::Failing)
        } else {
            Self::Failing(FailureSpan { since, last: now })
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::webhook::FailureKind;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
    const FAILED: AttemptResult = AttemptResult::Failed(FailureKind::Timeout);

    #[test]
    fn a_success_ends_a_failure() {
        let ok = AttemptResult::Status(204);
        assert_eq!(EndpointChange::after(None, ok, NOW), EndpointChange::None);
        let span = FailureSpan {
            since: NOW,
            last: NOW,
        };
        let after = EndpointChange::after(Some(span), ok, NOW);
        assert_eq!(after, EndpointChange::Recovered);
    }

    #[test]
    fn gone_disables_at_once() {
        let after = EndpointChange::after(None, AttemptResult::Status(410), NOW);
        assert_eq!(after, EndpointChange::Disabled(DisableReason::Gone));
    }

    #[test]
    fn five_days_of_failure_disable() {
        let (mut failing, mut now) = (None, NOW);
        for hours in 0..120 {
            now = NOW + Duration::hours(hours);
            let EndpointChange::Failing(span) = EndpointChange::after(failing, FAILED, now) else {
                panic!("disabled after {hours} hours");
            };
            assert_eq!(
                span,
                FailureSpan {
                    since: NOW,
                    last: now
                }
            );
            failing = Some(span);
        }
        let after = EndpointChange::after(failing, FAILED, now + Duration::hours(1));
        assert_eq!(after, EndpointChange::Disabled(DisableReason::Failing));
    }

    #[test]
    fn rare_failures_do_not_disable() {
        let mut failing = None;
        for weeks in 0..20 {
            let now = NOW + Duration::weeks(weeks);
            let EndpointChange::Failing(span) = EndpointChange::after(failing, FAILED, now) else {
                panic!("disabled after {weeks} weeks");
            };
            failing = Some(span);
        }
    }
}
