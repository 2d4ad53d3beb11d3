//! Guesses at a password, as the credential counts them.
//!
//! An update would make the item of an account that is not there; the condition on the owner keeps it from that. Guesses at
//! nobody are counted in items of their own.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::{Email, FailedAttempts, UserId};
use time::OffsetDateTime;

use crate::{
    Credentials, StoreError,
    marked::{Marked, marked},
    row::{milliseconds, n, s},
    table::{Table, is_conditional_check},
    transaction::retry_conflicts,
};

/// How many items are nobody's: enough that no flood of guesses at nobody is slower than one at many accounts
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).
const NOBODIES: u8 = 64;

const COUNT: &str = "SET failures = if_not_exists(failures, :zero) + :one, write_id = :write_id";

impl Credentials {
    /// Counts a wrong guess that was free when it was made. With the last free one the first wait begins, and what was
    /// guessed at the same time is counted no more. Says whether it was counted.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn count_failure(
        &self,
        (email, owner): (&Email, UserId),
        seen: FailedAttempts,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let update = self
            .attempt(email.canonical(), owner)
            .condition_expression(
                "user_id = :owner AND attribute_not_exists(locked_until) AND NOT write_id = :write_id",
            )
            .expression_attribute_values(":zero", n(0))
            .expression_attribute_values(":one", n(1));
        let update = match seen.next().wait() {
            None => update.update_expression(COUNT),
            Some(wait) => update
                .update_expression(format!("{COUNT}, locked_until = :until"))
                .expression_attribute_values(":until", milliseconds(now + wait)),
        };
        is_done(update).await
    }

    /// Claims the one guess that may be made when a wait is over, and counts it at once, as if it were wrong: of any
    /// number of requests one makes it, and the next wait begins with it. Says whether it was this one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn claim_guess(
        &self,
        (email, owner): (&Email, UserId),
        seen: FailedAttempts,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let next = seen.next();
        let until = now + next.wait().unwrap_or_default();
        let update = self
            .attempt(email.canonical(), owner)
            .update_expression("SET failures = :next, locked_until = :until, write_id = :write_id")
            .condition_expression(
                "user_id = :owner AND failures = :seen \
                    AND (attribute_not_exists(locked_until) OR locked_until <= :now)",
            )
            .expression_attribute_values(":seen", n(seen.number()))
            .expression_attribute_values(":next", n(next.number()))
            .expression_attribute_values(":until", milliseconds(until))
            .expression_attribute_values(":now", milliseconds(now));
        is_done(update).await
    }

    /// Forgets all wrong guesses: the owner has given the right password. A retry does the same again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn forgive(&self, (email, owner): (&Email, UserId)) -> Result<(), StoreError> {
        let update = self
            .attempt(email.canonical(), owner)
            .update_expression("REMOVE failures, locked_until, write_id")
            .condition_expression("user_id = :owner");
        match retry_conflicts(|| update.clone().send()).await {
            Err(error) if !is_conditional_check(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Counts a guess at nobody, or at an account that nobody may guess at now: in an item that is nobody's, which an
    /// address is never called like. To write takes `DynamoDB` longer than to find a condition failed.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn record_decoy_attempt(&self, owner: UserId) -> Result<(), StoreError> {
        let nobody = format!("decoy#{}", fastrand::u8(..NOBODIES));
        let update = self
            .attempt(&nobody, owner)
            .update_expression(COUNT)
            .condition_expression(
                "NOT user_id = :owner AND attribute_not_exists(locked_until) AND NOT write_id = :write_id",
            )
            .expression_attribute_values(":zero", n(0))
            .expression_attribute_values(":one", n(1));
        marked(update).await.map(|_| ())
    }

    fn attempt(&self, email: &str, owner: UserId) -> UpdateItemFluentBuilder {
        let Table { client, name } = &self.0;
        client
            .update_item()
            .table_name(name)
            .key("email", s(email))
            .expression_attribute_values(":owner", s(owner.to_string()))
    }
}

/// Says whether the update was done.
async fn is_done(update: UpdateItemFluentBuilder) -> Result<bool, StoreError> {
    Ok(matches!(marked(update).await?, Marked::Done))
}
