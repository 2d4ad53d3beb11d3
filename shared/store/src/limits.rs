use aws_sdk_dynamodb::{Client, types::ReturnValue};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, n, s},
    table::Table,
};

/// How often somebody came: who, for what and when -> number.
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

    /// Counts one more under `id` and says how many there are with it. Atomic, so of any number at once each hears
    /// another number. One whose reply got lost is sent again and may count twice: a limit is none that is exact to
    /// one, and to know better would take a second item for each request.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn count(&self, id: &str, expires_at: OffsetDateTime) -> Result<u64, StoreError> {
        let Table { client, name } = &self.0;
        let counted = client
            .update_item()
            .table_name(name)
            .key("id", s(id))
            .update_expression("ADD #count :one SET expires_at = :expires_at")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":expires_at", n(expires_at.unix_timestamp()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await?;
        Row(counted.attributes.unwrap_or_default()).number("count")
    }
}
