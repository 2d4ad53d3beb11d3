use std::time::Duration;

use domain::Clock;
use http::Extensions;
use lambda_http::RequestExt as _;
use time::OffsetDateTime;

/// Time reserved for sending the response: Lambda kills the function at its deadline.
const RESERVE: time::Duration = time::Duration::milliseconds(500);

/// Time reserved by work that the next invocation can continue, so that its running requests can end.
const MARGIN: time::Duration = time::Duration::seconds(10);

/// The time at which Lambda ends an invocation.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(OffsetDateTime);

impl Deadline {
    /// Reads the milliseconds since 1970 of Lambda's context.
    pub(crate) fn of_context(milliseconds: u64) -> Self {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
        Self(at.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Returns whether work that the next invocation can continue has to stop.
    #[must_use]
    pub fn is_near(self, now: OffsetDateTime) -> bool {
        now + MARGIN >= self.0
    }
}

/// Returns how much time the handler has. Outside Lambda there is no deadline.
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
