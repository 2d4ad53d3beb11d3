use aws_sdk_dynamodb::{
    Client,
    types::{TransactWriteItem, Update},
};
use domain::{
    UserId,
    upload::{Charge, ChargeChange},
};
use settings::{Env, EnvError};

use crate::{
    StoreError,
    row::{Row, n, s},
    table::{Table, is_conditional_check},
    transaction::retry_conflicts,
};

/// Open uploads that one owner may have: pending ones, and deleted ones whose URL has not expired.
const MAX_OPEN: u64 = 1_000;
/// The item that says where the next repair goes on. No owner has this id.
const REPAIR: &str = "repair";

/// The counters of an owner's bytes: owner -> bytes in use, bytes kept, open uploads.
///
/// They change only in the transaction that changes an upload ([`crate::Uploads::apply`]). Bytes in use and bytes kept are
/// each limited to the quota, so S3 holds at most two quotas of an owner's files.
#[derive(Debug, Clone)]
pub struct Quotas {
    table: Table,
    quota: u64,
}

/// A counter that has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of current files and open uploads.
    Used,
    /// Bytes of deleted files that can still be restored.
    Kept,
    /// Open uploads.
    Open,
}

/// What an owner uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes that an owner may use.
    pub quota: u64,
    /// Bytes of current files and open uploads.
    pub used: u64,
    /// Bytes of deleted files that can still be restored.
    pub kept: u64,
    /// Open uploads.
    pub open: u64,
    /// Open uploads that an owner may have.
    pub max_open: u64,
    /// Counts the changes of the counters.
    revision: u64,
}

impl Usage {
    /// Bytes that are left of the quota.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.quota.saturating_sub(self.used)
    }
}

impl Quotas {
    /// The table that `QUOTAS_TABLE` names, with the limit that `UPLOAD_QUOTA_BYTES` sets.
    ///
    /// # Errors
    /// When a variable is missing or has no meaning.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Ok(Self {
            table: Table::from_env(env, client, "QUOTAS_TABLE")?,
            quota: env.parsed("UPLOAD_QUOTA_BYTES", "a number of bytes")?,
        })
    }

    /// Reads an owner's counters. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn usage(&self, owner: UserId) -> Result<Usage, StoreError> {
        let found = self.table.find([("owner", owner.to_string())]).await?;
        let mut row = found.unwrap_or(Row(std::collections::HashMap::new()));
        let mut number = |name: &str| row.optional_number(name).unwrap_or_default();
        Ok(Usage {
            quota: self.quota,
            used: number("used"),
            kept: number("kept"),
            open: number("open_uploads"),
            max_open: MAX_OPEN,
            revision: number("revision"),
        })
    }

    /// The limit that a change exceeds even for an owner who uses nothing.
    pub(crate) fn never_fits(&self, change: ChargeChange) -> Option<Limit> {
        let quota = i128::from(self.quota);
        if change.used > quota {
            Some(Limit::Used)
        } else if change.kept > quota {
            Some(Limit::Kept)
        } else {
            None
        }
    }

    /// The limit that a refused change exceeds.
    pub(crate) fn exceeded_by(&self, usage: &Usage, change: ChargeChange, is_new: bool) -> Limit {
        let exceeds = |change: i128, counter: u64, limit: u64| {
            change > 0 && i128::from(counter) + change > i128::from(limit)
        };
        if is_new && exceeds(change.open, usage.open, MAX_OPEN) {
            Limit::Open
        } else if change.kept > 0 && !exceeds(change.used, usage.used, self.quota) {
            Limit::Kept
        } else {
            Limit::Used
        }
    }

    /// The part of a transaction that changes the counters, if those that rise stay within their limits. Open uploads are
    /// limited for a new one only: a deletion, which waits for S3 and for its URL to expire, is never refused.
    pub(crate) fn change(
        &self,
        owner: UserId,
        change: ChargeChange,
        is_new: bool,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut update = Update::builder()
            .table_name(&self.table.name)
            .key("owner", s(owner.to_string()))
            .update_expression("ADD used :used, kept :kept, open_uploads :open, revision :one")
            .expression_attribute_values(":used", n(change.used))
            .expression_attribute_values(":kept", n(change.kept))
            .expression_attribute_values(":open", n(change.open))
            .expression_attribute_values(":one", n(1));
        let mut conditions = Vec::new();
        for (name, change, limit) in [
            ("used", change.used, self.quota),
            ("kept", change.kept, self.quota),
            (
                "open_uploads",
                if is_new { change.open } else { 0 },
                MAX_OPEN,
            ),
        ] {
            if change > 0 {
                let room = format!(":{name}_room");
                conditions.push(format!(
                    "(attribute_not_exists({name}) OR {name} <= {room})"
                ));
                update = update.expression_attribute_values(room, n(i128::from(limit) - change));
            }
        }
        if !conditions.is_empty() {
            update = update.condition_expression(conditions.join(" AND "));
        }
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// Sets an owner's counters to what they were counted to be, if they did not change since `read`; says whether they
    /// did not.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn correct(
        &self,
        owner: UserId,
        read: &Usage,
        counted: Charge,
    ) -> Result<bool, StoreError> {
        let Table { client, name } = &self.table;
        let update = client
            .update_item()
            .table_name(name)
            .key("owner", s(owner.to_string()))
            .update_expression(
                "SET used = :used, kept = :kept, open_uploads = :open, revision = :next",
            )
            .condition_expression("revision = :read OR attribute_not_exists(revision)")
            .expression_attribute_values(":used", n(counted.used))
            .expression_attribute_values(":kept", n(counted.kept))
            .expression_attribute_values(":open", n(counted.open))
            .expression_attribute_values(":read", n(read.revision))
            .expression_attribute_values(":next", n(read.revision + 1));
        match retry_conflicts(|| update.clone().send()).await {
            Ok(_) => Ok(true),
            Err(error) if is_conditional_check(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// At most `limit` owners after `after`, in the order of the table; an empty page means that there are no more.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn owners(
        &self,
        after: Option<UserId>,
        limit: i32,
    ) -> Result<Vec<UserId>, StoreError> {
        let Table { client, name } = &self.table;
        let key = |owner: UserId| [("owner".to_owned(), s(owner.to_string()))].into();
        let page = client
            .scan()
            .table_name(name)
            .projection_expression("#owner")
            .expression_attribute_names("#owner", "owner")
            .set_exclusive_start_key(after.map(key))
            .limit(limit)
            .send()
            .await?;
        let items = page.items.unwrap_or_default().into_iter();
        let owner = |item| Row(item).parsed("owner", UserId::parse).ok();
        Ok(items.filter_map(owner).collect())
    }

    /// The owner that the last repair ended with, if it did not get through.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn repaired_until(&self) -> Result<Option<UserId>, StoreError> {
        let found = self.table.find([("owner", REPAIR.to_owned())]).await?;
        Ok(found.and_then(|mut row| row.parsed("until", UserId::parse).ok()))
    }

    /// Remembers the owner that a repair ended with; `None` when it got through.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn set_repaired_until(&self, owner: Option<UserId>) -> Result<(), StoreError> {
        let Table { client, name } = &self.table;
        let update = client
            .update_item()
            .table_name(name)
            .key("owner", s(REPAIR))
            .expression_attribute_names("#until", "until");
        let update = match owner {
            Some(owner) => update
                .update_expression("SET #until = :until")
                .expression_attribute_values(":until", s(owner.to_string())),
            None => update.update_expression("REMOVE #until"),
        };
        update.send().await?;
        Ok(())
    }
}
