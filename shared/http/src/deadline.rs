use std::time::Duration;

use domain::Clock;
use http::Extensions;
use lambda_http::RequestExt as _;
use time::OffsetDateTime;

/// What is kept back of an invocation's time to send the answer: Lambda kills the function at its deadline.
const RESERVE: time::Duration = time::Duration::milliseconds(500);

/// What work that can go on in the next invocation leaves of this one's time: its last requests have to end, too.
const MARGIN: time::Duration = time::Duration::seconds(10);

/// When Lambda ends an invocation.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(OffsetDateTime);

impl Deadline {
    /// From the milliseconds since 1970 of Lambda's context.
    pub(crate) fn of_context(milliseconds: u64) -> Self {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
        Self(at.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Whether work that can be left for the next invocation has to stop.
    #[must_use]
    pub fn is_near(self, now: OffsetDateTime) -> bool {
        now + MARGIN >= self.0
    }
}

/// How much time the handler has. Outside Lambda there is no deadline.
pub(crate) fn budget(extensions: &Extensions, clock: &Clock) -> Option<Duration> {
    let deadline = extensions.lambda_context_ref()?.deadline;
    let deadline =
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(deadline) * 1_000_000).ok()?;
    Some(
        (deadline - clock.now() - RESERVE)
            .max(time::Duration::ZERO)
            .unsigned_abs(),
    )
}
