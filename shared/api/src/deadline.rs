use std::time::Duration;

use domain::Clock;
use http::Extensions;
use lambda_http::RequestExt as _;
use time::OffsetDateTime;

/// What is kept back of an invocation's time to send the answer: Lambda kills the function at its deadline.
const RESERVE: time::Duration = time::Duration::milliseconds(500);

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
