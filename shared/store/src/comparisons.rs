//! Comparisons of requests with the request that an idempotency record was written for.
//!
//! The answer to a comparison says whether the password in the request is that of the first request. So a record allows a
//! few mismatches, and a comparison is counted before it is made (docs/adr/0031-a-key-allows-five-mismatches.md).

use aws_sdk_dynamodb::types::ReturnValue;

use crate::{
    Idempotency, StoreError,
    row::{Row, n},
    transaction::Pauses,
    write::{Write, Written},
};

/// How many requests a record is compared with that turn out to be other requests.
const MAX_MISMATCHES: u32 = 5;

/// How often a claim is tried while other comparisons are under way: for about three seconds, several times as long as the
/// slowest hash.
const TRIES: usize = 16;

/// Whether a request may be compared with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonClaim {
    /// It may, and it is counted until [`Idempotency::release_comparison`].
    Granted,
    /// The record has no mismatch left.
    Exhausted,
    /// As many comparisons as there are mismatches left are under way.
    Busy,
}

impl Idempotency {
    /// Claims a comparison with the record of this id, and waits for a while if others are under way.
    ///
    /// The claim counts as a mismatch from here on: of any number of requests at once no more are compared than mismatches
    /// are left.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn claim_comparison(&self, id: &str) -> Result<ComparisonClaim, StoreError> {
        let claim = self
            .comparison(id)
            .add("comparisons :one")
            .only_if("attribute_not_exists(comparisons) OR comparisons < :max")
            .bind([(":one", n(1)), (":max", n(MAX_MISMATCHES))]);
        let mut pauses = Pauses::default();
        for _ in 0..TRIES {
            match claim.clone().send_marked(ReturnValue::None).await? {
                Written::Done(_) => return Ok(ComparisonClaim::Granted),
                Written::ConditionFailed(item) => {
                    if is_exhausted(item) {
                        return Ok(ComparisonClaim::Exhausted);
                    }
                }
            }
            pauses.next().await;
        }
        Ok(ComparisonClaim::Busy)
    }

    /// Gives a claim back: the request is the same as the first one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn release_comparison(&self, id: &str) -> Result<(), StoreError> {
        let release = self
            .comparison(id)
            .add("comparisons :minus_one")
            .bind([(":minus_one", n(-1))]);
        release.send_marked(ReturnValue::None).await.map(|_| ())
    }

    /// Records that a claimed comparison was a mismatch, so that the claim is never given back.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn record_mismatch(&self, id: &str) -> Result<(), StoreError> {
        let mismatch = self
            .comparison(id)
            .add("mismatches :one")
            .bind([(":one", n(1))]);
        mismatch.send_marked(ReturnValue::None).await.map(|_| ())
    }

    fn comparison(&self, id: &str) -> Write {
        let update = self.0.update([("id", id.to_owned())]);
        update.only_if("attribute_exists(fingerprint)")
    }
}

/// Whether all claims of a record are known to be mismatches. A record that was deleted meanwhile has none left, either.
fn is_exhausted(item: Option<Row>) -> bool {
    item.is_none_or(|mut item| {
        let mismatches: Option<u32> = item.optional_number("mismatches");
        mismatches.unwrap_or_default() >= MAX_MISMATCHES
    })
}
