//! The lock of a stack's migrations: one item of the ledger's table.

use std::{
    fmt,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    operation::update_item::UpdateItemError,
    types::{
        AttributeValue, ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    },
};
use clock::Clock;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::{
    Error, Item,
    ledger::{key, n, s},
    send::{Failed, send, send_unlocked, try_of},
};

const LOCK: &str = "lock";
/// How long a lock is valid after it was renewed.
const LEASE: Duration = Duration::from_secs(45);
/// How often it is renewed.
pub(crate) const RENEWAL: Duration = Duration::from_secs(10);
/// A write starts only this long before the end of the lease. One try of a write takes less
/// ([`crate::send::ATTEMPT_TIMEOUT`]).
pub(crate) const WRITE_MARGIN: Duration = Duration::from_secs(15);
/// The clocks of two operators may differ by this much: a lock is taken over only this long after the end of its lease.
const CLOCK_SKEW: Duration = Duration::from_secs(15);

/// Who runs migrations.
#[derive(Debug, Clone)]
pub struct Holder {
    /// A description for other operators: `ada on laptop, process 4711`.
    pub name: String,
    /// Whether any other process of this name has ended: it may then be replaced at once. Only true for the local system, which
    /// has the data directory for itself.
    pub is_only_one: bool,
}

/// Another operator's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who holds it.
    pub holder: String,
    /// Since when.
    pub since: String,
    /// When it can be taken over, if it is not renewed.
    pub until: String,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "migrations are already running: {} holds the lock since {}. A running process renews it; after a process was \
             killed, the lock ends at {} and the same command continues its work",
            self.holder, self.since, self.until
        )
    }
}

/// The lock, held by this process.
#[derive(Debug)]
pub(crate) struct Lock {
    client: Client,
    table: String,
    clock: Clock,
    token: String,
    /// The end of the lease, in milliseconds since 1970.
    ends_at: AtomicI64,
    is_lost: AtomicBool,
}

impl Lock {
    /// Takes the lock if it is free or its lease has ended.
    pub async fn acquire(
        client: &Client,
        table: &str,
        clock: &Clock,
        holder: &Holder,
    ) -> Result<Self, Error> {
        let lock = Self {
            client: client.clone(),
            table: table.to_owned(),
            clock: clock.clone(),
            token: Uuid::new_v4().to_string(),
            ends_at: AtomicI64::new(0),
            is_lost: AtomicBool::new(false),
        };
        let now = clock.epoch_ms();
        let free = "attribute_not_exists(id) OR lease_ends_at <= :stale OR owner_token = :token";
        let condition = if holder.is_only_one {
            format!("{free} OR holder = :holder")
        } else {
            free.to_owned()
        };
        let request = client
            .update_item()
            .table_name(table)
            .set_key(Some(key(LOCK)))
            .update_expression(
                "SET owner_token = :token, holder = :holder, held_since = :since, lease_ends_at = :end",
            )
            .condition_expression(condition)
            .expression_attribute_values(":token", s(&lock.token))
            .expression_attribute_values(":holder", s(&holder.name))
            .expression_attribute_values(":since", s(format_time(clock.now())))
            .expression_attribute_values(":end", n(now + millis(LEASE)))
            .expression_attribute_values(":stale", n(now - millis(CLOCK_SKEW)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let sent = send_unlocked(try_of!(request));
        match sent.await {
            Ok(_) => {
                lock.ends_at.store(now + millis(LEASE), Ordering::SeqCst);
                Ok(lock)
            }
            Err(Failed { error, .. }) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    Err(Error::Locked(held(failed.item())))
                }
                _ => Err(Error::aws("dynamodb:UpdateItem", table, &error)),
            },
        }
    }

    /// Fails unless a write that starts now also ends under the lock.
    pub fn check(&self) -> Result<(), Error> {
        let last = self.ends_at.load(Ordering::SeqCst) - millis(WRITE_MARGIN);
        if self.is_lost.load(Ordering::SeqCst) || self.clock.epoch_ms() >= last {
            return Err(Error::LockLost);
        }
        Ok(())
    }

    /// Renews the lock, until it is lost. The writes of this process stop when renewals fail for longer than the lease.
    pub async fn keep(&self) -> Error {
        loop {
            tokio::time::sleep(RENEWAL).await;
            if let Err(error) = self.renew().await {
                self.is_lost.store(true, Ordering::SeqCst);
                return error;
            }
        }
    }

    /// Extends the lease once.
    pub async fn renew(&self) -> Result<(), Error> {
        let end = self.clock.epoch_ms() + millis(LEASE);
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(LOCK)))
            .update_expression("SET lease_ends_at = :end")
            .condition_expression("owner_token = :token")
            .expression_attribute_values(":end", n(end))
            .expression_attribute_values(":token", s(&self.token));
        let sent = send(|| self.check(), try_of!(request));
        match sent.await? {
            Ok(_) => {
                self.ends_at.store(end, Ordering::SeqCst);
                Ok(())
            }
            Err(Failed { error, .. }) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Err(Error::LockLost),
                _ => Err(Error::aws("dynamodb:UpdateItem", &self.table, &error)),
            },
        }
    }

    /// Frees the lock. After an error it ends with its lease.
    pub async fn release(&self) {
        let request = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(LOCK)))
            .condition_expression("owner_token = :token")
            .expression_attribute_values(":token", s(&self.token));
        let sent = send_unlocked(try_of!(request));
        let _ = sent.await;
    }

    /// The part of a transaction that fails unless this process holds the lock.
    pub fn condition(&self) -> Result<TransactWriteItem, Error> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key(LOCK)))
            .condition_expression("owner_token = :token")
            .expression_attribute_values(":token", s(&self.token));
        Ok(TransactWriteItem::builder()
            .condition_check(check.build()?)
            .build())
    }
}

/// Returns the holder of the lock, if its lease has not ended.
pub(crate) async fn current(
    client: &Client,
    table: &str,
    clock: &Clock,
) -> Result<Option<Held>, Error> {
    let get = client.get_item().table_name(table);
    let get = get.set_key(Some(key(LOCK))).consistent_read(true);
    let found = get.send().await;
    let found = found.map_err(|error| Error::aws("dynamodb:GetItem", table, &error))?;
    let now = clock.epoch_ms();
    let valid = found.item.filter(|item| {
        let end: Option<i64> = item
            .get("lease_ends_at")
            .and_then(|end| end.as_n().ok()?.parse().ok());
        end.is_some_and(|end| end > now)
    });
    Ok(valid.map(|item| held(Some(&item))))
}

fn held(item: Option<&Item>) -> Held {
    let text = |name: &str| {
        let value = item.and_then(|item| item.get(name)?.as_s().ok());
        value.map_or_else(|| "an unknown time".to_owned(), Clone::clone)
    };
    let ends_at = item.and_then(|item| item.get("lease_ends_at")?.as_n().ok()?.parse().ok());
    let until = ends_at.and_then(|ends_at: i64| {
        let milliseconds = i128::from(ends_at + millis(CLOCK_SKEW));
        OffsetDateTime::from_unix_timestamp_nanos(milliseconds * 1_000_000).ok()
    });
    Held {
        holder: text("holder"),
        since: text("held_since"),
        until: until.map_or_else(|| "an unknown time".to_owned(), format_time),
    }
}

/// Formats a time in UTC, in whole seconds.
pub(crate) fn format_time(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    // Formatting fails for years beyond 9999 only.
    time.format(&Rfc3339).unwrap_or_default()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whether an item is the lock.
pub(crate) fn is_lock(item: &Item) -> bool {
    item.get("id") == Some(&AttributeValue::S(LOCK.to_owned()))
}
