use aws_sdk_dynamodb::{
    Client,
    types::{TransactWriteItem, Update},
};
use domain::{UserId, upload::Size};
use settings::{Env, EnvError};

use crate::{
    StoreError,
    row::{n, s},
    table::Table,
};

/// The bytes that are in use: owner -> number. Changed only in the transaction that changes an upload, so it is exact.
#[derive(Debug, Clone)]
pub struct Quotas {
    table: Table,
    limit: u64,
}

impl Quotas {
    /// The table that `QUOTAS_TABLE` names, and no limit of its own: for whoever charges what is there already.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn unlimited(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            table: Table::from_env(env, client, "QUOTAS_TABLE")?,
            limit: u64::MAX,
        })
    }

    /// The same with the limit that `UPLOAD_QUOTA_BYTES` sets.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            limit: env.parsed("UPLOAD_QUOTA_BYTES", "a number of bytes")?,
            ..Self::unlimited(env, client)?
        })
    }

    /// The part of a transaction that takes room for `size`. `None`: there could never be enough.
    pub(crate) fn take(
        &self,
        owner: UserId,
        size: Size,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        self.exchange(owner, Size::NONE, size)
    }

    /// The part of a transaction that takes room for `to` in place of `from`. `None`: there could never be enough.
    pub(crate) fn exchange(
        &self,
        owner: UserId,
        from: Size,
        to: Size,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let change = i128::from(to.bytes()) - i128::from(from.bytes());
        let room = i128::from(self.limit) - change;
        if i128::from(self.limit) < i128::from(to.bytes()) {
            return Ok(None);
        }
        let update = self
            .update(owner)
            .update_expression("ADD used :change")
            .condition_expression("attribute_not_exists(used) OR used <= :room")
            .expression_attribute_values(":change", n(change))
            .expression_attribute_values(":room", n(room))
            .build()?;
        Ok(Some(TransactWriteItem::builder().update(update).build()))
    }

    /// How much room an owner has left.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn left(&self, owner: UserId) -> Result<u64, StoreError> {
        let found = self.table.find([("owner", owner.to_string())]).await?;
        let used = found.and_then(|mut row| row.optional_number("used"));
        Ok(self.limit.saturating_sub(used.unwrap_or_default()))
    }

    /// The part of a transaction that gives room back, if it is any.
    pub(crate) fn give_back(
        &self,
        owner: UserId,
        size: Size,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        self.change(owner, size, Size::NONE)
    }

    /// The part of a transaction that replaces what was charged, if that changes anything.
    pub(crate) fn change(
        &self,
        owner: UserId,
        from: Size,
        to: Size,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let change = i128::from(to.bytes()) - i128::from(from.bytes());
        if change == 0 {
            return Ok(None);
        }
        let update = self
            .update(owner)
            .update_expression("ADD used :change")
            .expression_attribute_values(":change", n(change))
            .build()?;
        Ok(Some(TransactWriteItem::builder().update(update).build()))
    }

    fn update(&self, owner: UserId) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.table.name)
            .key("owner", s(owner.to_string()))
    }
}
