use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};
use uuid::Uuid;

use crate::StoreError;

const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The pauses between tries, longer and longer, with jitter. They end with the request's deadline.
pub(crate) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_WAIT)
    }
}

impl Pauses {
    pub async fn next(&mut self) {
        tokio::time::sleep(self.0.mul_f64(fastrand::f64())).await;
        self.0 = (self.0 * 2).min(LONGEST_WAIT);
    }
}

/// Sends a write of one item, and again while a transaction has the item: `DynamoDB` refuses it then and says nothing
/// about the data (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>, "Transaction
/// conflict handling").
pub(crate) async fn retry_conflicts<T, E, R, F>(send: impl Fn() -> F) -> Result<T, SdkError<E, R>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, R>>>,
{
    let mut pauses = Pauses::default();
    loop {
        match send().await {
            Err(SdkError::ServiceError(failed))
                if failed.err().code() == Some("TransactionConflictException") =>
            {
                pauses.next().await;
            }
            ended => return ended,
        }
    }
}

/// How a transaction ended, when it ended for good.
pub(crate) enum Outcome {
    /// All of it happened.
    Committed,
    /// None of it happened: for each part, whether its own condition failed.
    Refused(Vec<bool>),
}

/// Writes all parts or none.
///
/// One token goes with every try, so that a try whose reply got lost is not done twice
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>). Conflicts with
/// other transactions and throttling are tried again, with jitter, until the request's deadline drops this future.
///
/// # Errors
/// When the table does not answer.
pub(crate) async fn transact(
    client: &Client,
    parts: Vec<TransactWriteItem>,
) -> Result<Outcome, StoreError> {
    let token = Uuid::new_v4().to_string();
    let mut pauses = Pauses::default();
    loop {
        let result = client
            .transact_write_items()
            .client_request_token(&token)
            .set_transact_items(Some(parts.clone()))
            .send()
            .await;
        match result {
            Ok(_) => return Ok(Outcome::Committed),
            Err(error) => match verdict(&error) {
                Verdict::Refused(failed) => return Ok(Outcome::Refused(failed)),
                Verdict::TryAgain => {
                    tracing::info!(
                        error = settings::aws::explain(&error),
                        "transaction_tried_again"
                    );
                }
                Verdict::Failed => return Err(error.into()),
            },
        }
        pauses.next().await;
    }
}

enum Verdict {
    Refused(Vec<bool>),
    TryAgain,
    Failed,
}

fn verdict<R>(error: &SdkError<TransactWriteItemsError, R>) -> Verdict {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            verdict_of(cancelled.cancellation_reasons())
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => Verdict::TryAgain,
        _ => Verdict::Failed,
    }
}

/// A failed condition is the answer, and a throttle says nothing about the data. Nor does a conflict, and beside one a
/// failed condition is no answer yet: the other transaction may be an earlier try of this one, half done.
fn verdict_of(reasons: &[CancellationReason]) -> Verdict {
    let has = |codes: &[&str]| {
        reasons
            .iter()
            .any(|reason| reason.code().is_some_and(|code| codes.contains(&code)))
    };
    if has(&["TransactionConflict"]) {
        Verdict::TryAgain
    } else if has(&["ConditionalCheckFailed"]) {
        let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
        Verdict::Refused(reasons.iter().map(failed).collect())
    } else if has(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
        Verdict::TryAgain
    } else {
        Verdict::Failed
    }
}
