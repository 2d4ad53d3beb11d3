//! Sends requests again that were throttled or got no reply.

use std::{convert::Infallible, future::Future, time::Duration};

use aws_sdk_dynamodb::{
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
};
use tokio::time::sleep;

/// How long one try of a request may take. Shorter than [`crate::lock::WRITE_MARGIN`], so a write that starts under the lock also
/// ends under it.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// Fourteen tries take about a minute. A longer failure is an outage, and the operator runs the command again.
const MAX_TRIES: u32 = 14;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A request that failed.
pub(crate) struct Failed<E> {
    pub error: SdkError<E>,
    /// Whether an earlier try may have been executed.
    pub is_ambiguous: bool,
}

/// Turns the retries of the SDK off: between two tries, the caller checks that it still has the lock.
pub(crate) fn single_tries() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_timeout(ATTEMPT_TIMEOUT);
    Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.build())
}

/// One try of a request: a closure that sends a copy of it, without the retries of the SDK.
macro_rules! try_of {
    ($request:ident) => {
        || {
            $request
                .clone()
                .customize()
                .config_override($crate::send::single_tries())
                .send()
        }
    };
}
pub(crate) use try_of;

/// Sends a request that needs no lock, as [`send`] does.
pub(crate) async fn send_unlocked<T, E, F>(attempt: impl Fn() -> F) -> Result<(T, bool), Failed<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let Ok(sent) = send(|| Ok::<_, Infallible>(()), attempt).await;
    sent
}

/// Sends a request until it is answered, with growing pauses. `may_send` is asked before each try.
pub(crate) async fn send<T, E, X, F>(
    may_send: impl Fn() -> Result<(), X>,
    send: impl Fn() -> F,
) -> Result<Result<(T, bool), Failed<E>>, X>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let (mut tries, mut is_ambiguous) = (0, false);
    loop {
        may_send()?;
        tries += 1;
        let error = match send().await {
            Ok(output) => return Ok(Ok((output, is_ambiguous))),
            Err(error) => error,
        };
        let Some(ambiguous) = retries(&error).filter(|_| tries < MAX_TRIES) else {
            return Ok(Err(Failed {
                error,
                is_ambiguous,
            }));
        };
        is_ambiguous |= ambiguous;
        sleep(pause(tries)).await;
    }
}

/// Whether another try may succeed: `None` if not, `Some(true)` if this try may have been executed.
fn retries<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<bool> {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Some(true)
        }
        SdkError::ServiceError(failed) => match failed.err().code() {
            Some(
                "ProvisionedThroughputExceededException"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "TransactionConflictException"
                | "TransactionInProgressException",
            ) => Some(false),
            Some("InternalServerError" | "ServiceUnavailable") => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// A random pause, which grows with the number of tries.
pub(crate) fn pause(tries: u32) -> Duration {
    let longest = FIRST_PAUSE * 2_u32.saturating_pow(tries.min(12));
    longest
        .min(LONGEST_PAUSE)
        .mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_ten_seconds() {
        let longest = [1, 4, 8, 14, 100].map(|tries| pause(tries).as_millis());
        assert!((50..=100).contains(&longest[0]), "{longest:?}");
        assert!((400..=800).contains(&longest[1]), "{longest:?}");
        assert!(
            longest[2..]
                .iter()
                .all(|pause| (5_000..=10_000).contains(pause)),
            "{longest:?}"
        );
    }
}
