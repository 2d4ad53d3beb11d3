use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};
use metrics::Metric;
use uuid::Uuid;

use crate::{
    StoreError,
    write::{Check, Write},
};

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
        metrics::count(Metric::AwsRetries);
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

/// Writes of several items that happen together or not at all. A label names each part, so that the caller learns which
/// conditions failed.
///
/// A transaction has at least two parts: a write of one item is sent alone ([`Write::send`]), which costs half as much.
pub(crate) struct Transaction<L> {
    client: Client,
    parts: Vec<(L, TransactWriteItem)>,
}

/// How a transaction ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome<L> {
    /// All parts are written.
    Committed,
    /// No part is written: conditions failed.
    Refused(FailedParts<L>),
}

/// The parts of a transaction whose own conditions failed; at least one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FailedParts<L> {
    first: L,
    others: Vec<L>,
}

impl<L: Copy + Ord> FailedParts<L> {
    /// The failed part whose label is declared first: labels are declared in the order in which they decide the outcome.
    pub const fn first(&self) -> L {
        self.first
    }

    /// Whether this part failed and no other.
    pub fn is_only(&self, label: L) -> bool {
        self.first == label && self.others.is_empty()
    }

    fn new(mut labels: Vec<L>) -> Option<Self> {
        labels.sort_unstable();
        let (first, others) = labels.split_first()?;
        Some(Self {
            first: *first,
            others: others.to_vec(),
        })
    }
}

impl<L: Copy + Ord> Transaction<L> {
    /// A transaction of two writes.
    ///
    /// # Errors
    /// When a part of a request is missing.
    pub fn of(first: (L, Write), second: (L, Write)) -> Result<Self, StoreError> {
        let transaction = Self {
            client: first.1.table.client.clone(),
            parts: Vec::new(),
        };
        transaction.and(first.0, first.1)?.and(second.0, second.1)
    }

    /// A transaction of a write and the check of another item.
    ///
    /// # Errors
    /// When a part of a request is missing.
    pub fn of_checked(check: (L, Check), write: (L, Write)) -> Result<Self, StoreError> {
        let transaction = Self {
            client: write.1.table.client.clone(),
            parts: Vec::new(),
        };
        transaction
            .and_check(check.0, check.1)?
            .and(write.0, write.1)
    }

    /// Adds a write.
    ///
    /// # Errors
    /// When a part of a request is missing.
    pub fn and(mut self, label: L, write: Write) -> Result<Self, StoreError> {
        self.parts.push((label, write.into_part()?));
        Ok(self)
    }

    /// Adds a write, if there is one.
    ///
    /// # Errors
    /// When a part of a request is missing.
    pub fn and_maybe(self, label: L, write: Option<Write>) -> Result<Self, StoreError> {
        match write {
            Some(write) => self.and(label, write),
            None => Ok(self),
        }
    }

    /// Adds the check of an item that is not written.
    ///
    /// # Errors
    /// When a part of a request is missing.
    pub fn and_check(mut self, label: L, check: Check) -> Result<Self, StoreError> {
        self.parts.push((label, check.into_part()?));
        Ok(self)
    }

    /// Writes all parts or none.
    ///
    /// One token goes with every try, so that a try whose reply got lost is not done twice
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>). Conflicts with
    /// other transactions and throttling are tried again, with jitter, until the request's deadline drops this future.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn commit(self) -> Result<Outcome<L>, StoreError> {
        let (labels, items): (Vec<_>, Vec<_>) = self.parts.into_iter().unzip();
        let token = Uuid::new_v4().to_string();
        let mut pauses = Pauses::default();
        loop {
            let result = self
                .client
                .transact_write_items()
                .client_request_token(&token)
                .set_transact_items(Some(items.clone()))
                .send()
                .await;
            match result {
                Ok(_) => return Ok(Outcome::Committed),
                Err(error) => match verdict(&error, &labels) {
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
}

enum Verdict<L> {
    Refused(FailedParts<L>),
    TryAgain,
    Failed,
}

fn verdict<L: Copy + Ord, R>(
    error: &SdkError<TransactWriteItemsError, R>,
    labels: &[L],
) -> Verdict<L> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            verdict_of(cancelled.cancellation_reasons(), labels)
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => Verdict::TryAgain,
        _ => Verdict::Failed,
    }
}

/// A failed condition is the answer, and a throttle says nothing about the data. Nor does a conflict, and beside one a
/// failed condition is no answer yet: the other transaction may be an earlier try of this one, half done.
fn verdict_of<L: Copy + Ord>(reasons: &[CancellationReason], labels: &[L]) -> Verdict<L> {
    let has = |codes: &[&str]| {
        reasons
            .iter()
            .any(|reason| reason.code().is_some_and(|code| codes.contains(&code)))
    };
    if has(&["TransactionConflict"]) {
        return Verdict::TryAgain;
    }
    // DynamoDB gives one reason for each part, in their order.
    let parts = reasons.iter().zip(labels);
    let failed = parts.filter(|(reason, _)| reason.code() == Some("ConditionalCheckFailed"));
    if let Some(failed) = FailedParts::new(failed.map(|(_, label)| *label).collect()) {
        return Verdict::Refused(failed);
    }
    if has(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
        Verdict::TryAgain
    } else {
        Verdict::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Part {
        Key,
        Record,
        Counters,
    }

    fn verdict_of_codes(codes: [&str; 3]) -> Verdict<Part> {
        let reasons = codes.map(|code| CancellationReason::builder().code(code).build());
        verdict_of(&reasons, &[Part::Record, Part::Counters, Part::Key])
    }

    fn failed(codes: [&str; 3]) -> FailedParts<Part> {
        match verdict_of_codes(codes) {
            Verdict::Refused(failed) => failed,
            Verdict::TryAgain | Verdict::Failed => panic!("{codes:?}"),
        }
    }

    #[test]
    fn a_refusal_names_the_parts_whose_conditions_failed() {
        const NONE: &str = "None";
        const FAILED: &str = "ConditionalCheckFailed";
        let all = failed([FAILED, FAILED, FAILED]);
        assert_eq!(all.first(), Part::Key, "the first that is declared");
        assert!(!all.is_only(Part::Key));
        assert_eq!(failed([FAILED, FAILED, NONE]).first(), Part::Record);
        let one = failed([NONE, FAILED, NONE]);
        assert_eq!(one.first(), Part::Counters);
        assert!(one.is_only(Part::Counters));
        assert!(!one.is_only(Part::Record));
        assert!(failed([FAILED, "ThrottlingError", NONE]).is_only(Part::Record));
    }

    #[test]
    fn a_conflict_or_a_throttle_is_tried_again_and_other_reasons_are_not() {
        for codes in [
            ["ConditionalCheckFailed", "TransactionConflict", "None"],
            ["None", "ThrottlingError", "None"],
            ["None", "None", "ProvisionedThroughputExceeded"],
        ] {
            assert!(matches!(verdict_of_codes(codes), Verdict::TryAgain));
        }
        assert!(matches!(
            verdict_of_codes(["None", "ValidationError", "None"]),
            Verdict::Failed
        ));
    }
}
