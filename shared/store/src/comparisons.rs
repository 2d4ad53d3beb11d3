//! Comparisons of requests with the one that an idempotency record was written for.
//!
//! The answer to a comparison says whether the password in the request is that of the first request. So a record allows a
//! few mismatches, and a comparison is counted before it is made (docs/adr/0031-a-key-allows-five-mismatches.md).

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use crate::{
    Idempotency, StoreError,
    marked::{Marked, marked},
    row::{Row, n, s},
    table::Table,
    transaction::Pauses,
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
            .update_expression("SET write_id = :write_id ADD comparisons :one")
            .condition_expression(
                "attribute_exists(fingerprint) AND NOT write_id = :write_id \
                    AND (attribute_not_exists(comparisons) OR comparisons < :max)",
            )
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":max", n(MAX_MISMATCHES));
        let mut pauses = Pauses::default();
        for _ in 0..TRIES {
            match marked(claim.clone()).await? {
                Marked::Done => return Ok(ComparisonClaim::Granted),
                Marked::Refused(item) => {
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
            .update_expression("SET write_id = :write_id ADD comparisons :minus_one")
            .condition_expression("attribute_exists(fingerprint) AND NOT write_id = :write_id")
            .expression_attribute_values(":minus_one", n(-1));
        marked(release).await.map(|_| ())
    }

    /// Notes that a claimed comparison was a mismatch, so that the claim will never be given back.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn record_mismatch(&self, id: &str) -> Result<(), StoreError> {
        let mismatch = self
            .comparison(id)
            .update_expression("SET write_id = :write_id ADD mismatches :one")
            .condition_expression("attribute_exists(fingerprint) AND NOT write_id = :write_id")
            .expression_attribute_values(":one", n(1));
        marked(mismatch).await.map(|_| ())
    }

    fn comparison(&self, id: &str) -> UpdateItemFluentBuilder {
        let Table { client, name } = &self.0;
        client.update_item().table_name(name).key("id", s(id))
    }
}

/// Whether all claims of a record are known to be mismatches. A record that is gone meanwhile has none left, either.
fn is_exhausted(item: Option<Row>) -> bool {
    item.is_none_or(|mut item| {
        let mismatches: Option<u32> = item.optional_number("mismatches");
        mismatches.unwrap_or_default() >= MAX_MISMATCHES
    })
}
