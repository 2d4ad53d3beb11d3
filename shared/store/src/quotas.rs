use aws_sdk_dynamodb::Client;
use domain::{
    UserId,
    upload::{Charge, ChargeChange, Limit, MAX_OPEN, Usage},
};
use settings::{Env, EnvError};
use time::{Duration, OffsetDateTime};

use crate::{
    StoreError,
    expression::names,
    row::{Row, n, s},
    table::Table,
    write::{Item, Write},
};

/// The time when the owner was erased, in seconds. Nothing is created for the owner from then on.
const ERASED: &str = "erased_at";

/// How long the item of an erased owner stays: longer than an access token and an upload grant are valid, an hour each.
const ERASED_LIFETIME: Duration = Duration::days(1);

/// The item that stores where the next repair continues. No owner has this id.
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
        self.find(owner).await.map(|(usage, _)| usage)
    }

    /// Reads an owner's counters, and whether the owner's account is deleted. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, owner: UserId) -> Result<(Usage, bool), StoreError> {
        let found = self.table.find([("owner", owner.to_string())]).await?;
        let mut row = found.unwrap_or(Row(Item::new()));
        let is_erased = row.optional_number::<i64>(ERASED).is_some();
        let mut number = |name: &str| row.optional_number(name).unwrap_or_default();
        let usage = Usage {
            quota: self.quota,
            used: number("used"),
            kept: number("kept"),
            open: number("open_uploads"),
            max_open: MAX_OPEN,
            revision: number("revision"),
        };
        Ok((usage, is_erased))
    }

    /// The limit that a change exceeds even for an owner who uses nothing.
    pub(crate) fn never_fits(&self, change: ChargeChange) -> Option<Limit> {
        change.never_fits(self.quota)
    }

    /// The part of a transaction that changes the counters, if those that rise stay within their limits.
    pub(crate) fn change(&self, owner: UserId, change: ChargeChange, is_new: bool) -> Write {
        let update = self
            .table
            .update([("owner", owner.to_string())])
            .add("used :used, kept :kept, open_uploads :open, revision :one")
            .bind([
                (":used", n(change.used)),
                (":kept", n(change.kept)),
                (":open", n(change.open)),
                (":one", n(1)),
            ]);
        let update = if is_new {
            update.only_if("attribute_not_exists(erased_at)")
        } else {
            update
        };
        let rooms = change.rooms(self.quota, is_new).into_iter();
        rooms.fold(update, |update, room| {
            let (name, placeholder) = match room.limit {
                Limit::Used => ("used", ":used_room"),
                Limit::Kept => ("kept", ":kept_room"),
                Limit::Open => ("open_uploads", ":open_room"),
            };
            update
                .only_if(format!(
                    "attribute_not_exists({name}) OR {name} <= {placeholder}"
                ))
                .bind([(placeholder, n(room.at_most))])
        })
    }

    /// Sets an owner's counters to what was counted, if they did not change since `read`. Says whether it did.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn correct(
        &self,
        owner: UserId,
        read: &Usage,
        counted: Charge,
    ) -> Result<bool, StoreError> {
        let update = self
            .table
            .update([("owner", owner.to_string())])
            .set("used = :used, kept = :kept, open_uploads = :open, revision = :next")
            .only_if("revision = :read OR attribute_not_exists(revision)")
            .bind([
                (":used", n(counted.used)),
                (":kept", n(counted.kept)),
                (":open", n(counted.open)),
                (":read", n(read.revision)),
                (":next", n(read.revision + 1)),
            ]);
        Ok(update.send().await?.is_done())
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
            .set_expression_attribute_names(names(["#owner"].into_iter()))
            .set_exclusive_start_key(after.map(key))
            .limit(limit)
            .send()
            .await?;
        let items = page.items.unwrap_or_default().into_iter();
        let owner = |item| Row(item).parsed("owner", UserId::parse).ok();
        Ok(items.filter_map(owner).collect())
    }

    /// The owner that the last repair ended with, if it did not reach the last owner.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn repaired_until(&self) -> Result<Option<UserId>, StoreError> {
        let found = self.table.find([("owner", REPAIR.to_owned())]).await?;
        Ok(found.and_then(|mut row| row.parsed("until", UserId::parse).ok()))
    }

    /// Stores the owner that a repair ended with; `None` when it reached the last owner.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn set_repaired_until(&self, owner: Option<UserId>) -> Result<(), StoreError> {
        let update = self.table.update([("owner", REPAIR.to_owned())]);
        let update = match owner {
            Some(owner) => update
                .set("#until = :until")
                .bind([(":until", s(owner.to_string()))]),
            None => update.remove("#until"),
        };
        update.send().await.map(|_| ())
    }

    /// Records that the account of an owner is deleted: from now on, nothing is created for the owner. Idempotent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn mark_erased(&self, owner: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let update = self
            .table
            .update([("owner", owner.to_string())])
            .set("erased_at = if_not_exists(erased_at, :now)")
            .bind([(":now", n(now.unix_timestamp()))]);
        update.send().await.map(|_| ())
    }

    /// Deletes the counters of an owner who was erased long enough ago. Says whether it did.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remove_erased(
        &self,
        owner: UserId,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let delete = self
            .table
            .delete([("owner", owner.to_string())])
            .only_if("erased_at <= :before")
            .bind([(":before", n((now - ERASED_LIFETIME).unix_timestamp()))]);
        Ok(delete.send().await?.is_done())
    }
}
