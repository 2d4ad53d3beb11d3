use aws_sdk_dynamodb::{Client, types::ReturnValue};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{StoreError, row::n, table::Table, write::Written};

/// Counters of requests: caller, group of routes and time window -> number.
#[derive(Debug, Clone)]
pub struct Limits(Table);

impl Limits {
    /// The table that `LIMITS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "LIMITS_TABLE").map(Self)
    }

    /// Adds one to a counter and returns its new value. Atomic: of any number of requests at once each gets another value.
    /// Best effort: a retry may be counted twice, because to recognise it would take a second item for each request.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn count(&self, id: &str, expires_at: OffsetDateTime) -> Result<u64, StoreError> {
        let update = self.0.update([("id", id.to_owned())]);
        let update = update
            .set("expires_at = :expires_at")
            .add("#count :one")
            .bind([
                (":one", n(1)),
                (":expires_at", n(expires_at.unix_timestamp())),
            ]);
        match update.send_for(ReturnValue::UpdatedNew).await? {
            Written::Done(Some(mut row)) => row.number("count"),
            // It has no condition.
            Written::Done(None) | Written::ConditionFailed(_) => Err(StoreError::Corrupt("count")),
        }
    }
}
