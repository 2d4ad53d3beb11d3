//! The ledger: what was applied, and how far an unfinished migration got.

mod entry;
mod progress;

use std::{collections::HashMap, fmt::Display, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, Delete, Put, TransactWriteItem},
};
use tokio::sync::Mutex;
use uuid::Uuid;

pub use self::entry::{Direction, Entry, State};
pub use self::progress::Tally;
pub(crate) use self::progress::{Position, Progress};
use crate::{
    Error, Item,
    lock::{Lock, is_lock},
    send::{Failed, send, send_unlocked, try_of},
};

/// Reads the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    client: Client,
    table: String,
}

/// Writes the ledger, while this process holds the lock.
#[derive(Debug, Clone)]
pub(crate) struct LedgerWriter {
    ledger: Ledger,
    lock: Arc<Lock>,
    /// One transaction at a time: all have the lock's item, and concurrent ones would conflict.
    turn: Arc<Mutex<()>>,
}

impl Ledger {
    pub fn new(client: &Client, table: &str) -> Self {
        Self {
            client: client.clone(),
            table: table.to_owned(),
        }
    }

    /// Returns a writer for the holder of the lock.
    pub fn writer(&self, lock: &Arc<Lock>) -> LedgerWriter {
        LedgerWriter {
            ledger: self.clone(),
            lock: Arc::clone(lock),
            turn: Arc::default(),
        }
    }

    /// Returns the entries of all migrations, by number.
    pub async fn entries(&self) -> Result<Vec<Entry>, Error> {
        let pages = self.client.scan().table_name(&self.table);
        let mut items = pages.consistent_read(true).into_paginator().items().send();
        let mut entries = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| Error::aws("dynamodb:Scan", &self.table, &error))?;
            if !is_lock(&item) && item.contains_key("name") {
                entries.push(Entry::read(&item).map_err(|name| self.corrupt(name))?);
            }
        }
        entries.sort_by_key(|entry| entry.number);
        Ok(entries)
    }

    /// Returns how far a segment of an unfinished run got. A segment that has not begun has no item.
    pub async fn progress(&self, position: &Position) -> Result<Progress, Error> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get.set_key(Some(key(&position.id()))).consistent_read(true);
        let sent = send_unlocked(try_of!(get));
        let (found, _) = sent
            .await
            .map_err(|failed| Error::aws("dynamodb:GetItem", &self.table, &failed.error))?;
        match found.item {
            Some(item) => Progress::read(&item).map_err(|name| self.corrupt(name)),
            None => Ok(Progress::default()),
        }
    }

    fn corrupt(&self, attribute: &'static str) -> Error {
        Error::Corrupt {
            table: self.table.clone(),
            attribute,
        }
    }
}

impl LedgerWriter {
    /// Returns the lock, which each write depends on.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Writes the entry of a migration.
    pub async fn record(&self, entry: &Entry) -> Result<(), Error> {
        self.put(entry.item()).await
    }

    /// Writes how far a segment got.
    pub async fn checkpoint(&self, position: &Position, progress: &Progress) -> Result<(), Error> {
        self.put(progress.item(position)).await
    }

    /// Deletes how far a segment of a finished run got.
    pub async fn forget(&self, position: &Position) -> Result<(), Error> {
        let delete = Delete::builder().table_name(&self.ledger.table);
        let delete = delete.set_key(Some(key(&position.id()))).build()?;
        self.send(TransactWriteItem::builder().delete(delete).build())
            .await
    }

    async fn put(&self, item: Item) -> Result<(), Error> {
        let put = Put::builder().table_name(&self.ledger.table);
        let put = put.set_item(Some(item)).build()?;
        self.send(TransactWriteItem::builder().put(put).build())
            .await
    }

    /// Sends a write with the condition that this process holds the lock.
    async fn send(&self, write: TransactWriteItem) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let client = &self.ledger.client;
        let request = client
            .transact_write_items()
            .transact_items(self.lock.condition()?)
            .transact_items(write)
            .client_request_token(Uuid::new_v4().to_string());
        let mut conflicts = 0;
        loop {
            let sent = send(|| self.lock.check(), try_of!(request));
            let Err(Failed { error, .. }) = sent.await? else {
                return Ok(());
            };
            match error.as_service_error().map(reason) {
                Some(Some("ConditionalCheckFailed")) => return Err(Error::LockLost),
                // A renewal writes the lock's item at the same time.
                Some(Some("TransactionConflict" | "ThrottlingError")) if conflicts < 10 => {
                    conflicts += 1;
                    tokio::time::sleep(crate::send::pause(conflicts)).await;
                }
                _ => {
                    let table = &self.ledger.table;
                    return Err(Error::aws("dynamodb:TransactWriteItems", table, &error));
                }
            }
        }
    }
}

/// Returns why a transaction was cancelled: the reason of its first part that failed.
fn reason(error: &TransactWriteItemsError) -> Option<&str> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return None;
    };
    let codes = cancelled.cancellation_reasons().iter();
    codes
        .filter_map(|reason| reason.code())
        .find(|code| *code != "None")
}

/// The key of an item of the ledger.
pub(crate) fn key(id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("id".to_owned(), s(id))])
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl Display) -> AttributeValue {
    AttributeValue::N(format!("{number}"))
}

/// Reads a number of an item.
fn number<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<T, &'static str> {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.and_then(|value| value.parse().ok()).ok_or(name)
}

/// Reads a text of an item.
fn text(item: &Item, name: &'static str) -> Result<String, &'static str> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.cloned().ok_or(name)
}
