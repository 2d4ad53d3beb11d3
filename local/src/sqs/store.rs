//! The stored messages, in `SQLite`. Times are in milliseconds since 1970.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use sam_template::{Queue, Redrive};
use uuid::Uuid;

use super::message::{Message, MessageAttributes, NewMessage};

/// `visible` is the time from which a message can be received. `receipt` identifies its last receipt; it is empty before the
/// first one. The row ids are in the order in which messages arrived in their queues.
const SCHEMA: &str = "
    create table if not exists messages (
        row integer primary key autoincrement,
        queue text not null,
        id text not null,
        body text not null,
        attributes text not null,
        system text not null,
        sender text not null,
        sent integer not null,
        visible integer not null,
        first_received integer not null default 0,
        receives integer not null default 0,
        receipt text not null default ''
    );
    create index if not exists by_queue on messages (queue, visible, row);
    create unique index if not exists by_id on messages (queue, id);
";

/// The columns that [`read`] expects.
const COLUMNS: &str = "row, id, body, attributes, system, sender, sent, first_received, receives";

type Result<T> = rusqlite::Result<T>;

/// The messages of all queues.
#[derive(Debug)]
pub(crate) struct Store(Connection);

/// How many messages a queue has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Can be received.
    pub(crate) visible: u64,
    /// Received, and not deleted or visible again.
    pub(crate) in_flight: u64,
    /// Sent with a delay that is not over.
    pub(crate) delayed: u64,
}

/// What a request received.
#[derive(Debug, Default)]
pub(crate) struct Receipt {
    pub(crate) messages: Vec<Message>,
    /// The ids of the messages that were moved to the dead-letter queue.
    pub(crate) moved: Vec<String>,
}

/// The outcome of a change of a message's visibility.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Changed,
    /// The message was deleted, or received again with another handle.
    Missing,
}

impl Store {
    /// Opens the file at `path`, or a store in memory. The receivers of a stopped system are gone, so the messages that they had
    /// are visible again.
    pub(crate) fn open(path: Option<&Path>, now: i64) -> Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        // A message survives a killed process; after a power failure the last ones can be missing.
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.execute_batch(SCHEMA)?;
        connection.execute(
            "update messages set visible = ?1 where receipt <> '' and visible > ?1",
            [now],
        )?;
        Ok(Self(connection))
    }

    /// Adds a message and returns its id.
    pub(crate) fn send(
        &self,
        queue: &str,
        new: &NewMessage,
        now: i64,
        delay: u32,
    ) -> Result<String> {
        let id = Uuid::new_v4().to_string();
        let sql =
            "insert into messages (queue, id, body, attributes, system, sender, sent, visible)
                   values (?, ?, ?, ?, ?, ?, ?, ?)";
        let (attributes, system) = (json(&new.attributes.0), json(&new.system));
        let visible = now + 1_000 * i64::from(delay);
        self.0.prepare_cached(sql)?.execute(params![
            queue, id, new.body, attributes, system, new.sender, now, visible
        ])?;
        Ok(id)
    }

    /// Receives at most `max` messages, and makes them invisible until `until`. Messages that were received too often move to
    /// its dead-letter queue.
    pub(crate) fn receive(
        &mut self,
        queue: &Queue,
        max: u32,
        (now, until): (i64, i64),
    ) -> Result<Receipt> {
        let transaction = self.0.transaction()?;
        let mut receipt = Receipt::default();
        while receipt.messages.len() < max as usize {
            let Some((row, mut message)) = next(&transaction, &queue.name, now)? else {
                break;
            };
            let redrive = queue.redrive.as_ref();
            if let Some(redrive) =
                redrive.filter(|redrive| message.receives >= redrive.max_receives)
            {
                message
                    .system
                    .insert("DeadLetterQueueSourceArn".to_owned(), queue.arn.clone());
                move_to(&transaction, row, redrive, &message, now)?;
                receipt.moved.push(message.id);
                continue;
            }
            message.receives += 1;
            if message.first_received == 0 {
                message.first_received = now;
            }
            message.receipt = Uuid::new_v4().simple().to_string();
            let sql = "update messages set visible = ?, first_received = ?, receives = ?, receipt = ? where row = ?";
            let Message {
                first_received,
                receives,
                receipt: token,
                ..
            } = &message;
            // A timeout of 0 would return the message again in this loop.
            let hidden = until.max(now + 1);
            let values = params![hidden, first_received, receives, token, row];
            transaction.prepare_cached(sql)?.execute(values)?;
            receipt.messages.push(message);
        }
        transaction.commit()?;
        Ok(receipt)
    }

    /// Deletes a message if `receipt` is its last receipt.
    pub(crate) fn delete(&self, queue: &str, id: &str, receipt: &str) -> Result<()> {
        let sql = "delete from messages where queue = ? and id = ? and receipt = ?";
        self.0.prepare_cached(sql)?.execute([queue, id, receipt])?;
        Ok(())
    }

    /// Makes a received message invisible until `until`. It may be visible again, if it was not received since.
    pub(crate) fn change_visibility(
        &self,
        (queue, id, receipt): (&str, &str, &str),
        until: i64,
    ) -> Result<Change> {
        let sql = "update messages set visible = ? where queue = ? and id = ? and receipt = ?";
        let values = params![until, queue, id, receipt];
        Ok(match self.0.prepare_cached(sql)?.execute(values)? {
            0 => Change::Missing,
            _ => Change::Changed,
        })
    }

    /// Removes all messages of a queue.
    pub(crate) fn purge(&self, queue: &str) -> Result<()> {
        self.0
            .prepare_cached("delete from messages where queue = ?")?
            .execute([queue])?;
        Ok(())
    }

    /// Removes the messages of a queue that were sent before `since`.
    pub(crate) fn expire(&self, queue: &str, since: i64) -> Result<()> {
        let sql = "delete from messages where queue = ? and sent < ?";
        self.0.prepare_cached(sql)?.execute(params![queue, since])?;
        Ok(())
    }

    pub(crate) fn counts(&self, queue: &str, now: i64) -> Result<Counts> {
        let sql = "select count(*) filter (where visible <= ?2),
                          count(*) filter (where visible > ?2 and receipt <> ''),
                          count(*) filter (where visible > ?2 and receipt = '')
                   from messages where queue = ?1";
        self.0
            .prepare_cached(sql)?
            .query_row(params![queue, now], |row| {
                Ok(Counts {
                    visible: row.get(0)?,
                    in_flight: row.get(1)?,
                    delayed: row.get(2)?,
                })
            })
    }

    /// Returns the time at which the next message of a queue becomes visible.
    pub(crate) fn next_visible(&self, queue: &str) -> Result<Option<i64>> {
        let sql = "select min(visible) from messages where queue = ?";
        self.0
            .prepare_cached(sql)?
            .query_row([queue], |row| row.get(0))
    }

    /// Moves the oldest visible message to another queue, as a new message, and returns whether there was one. Without a
    /// destination it goes to the queue that it came from: `source_of` finds it by its ARN.
    pub(crate) fn move_back(
        &mut self,
        queue: &str,
        destination: Option<&str>,
        source_of: impl Fn(&str) -> Option<String>,
        now: i64,
    ) -> Result<Moved> {
        let transaction = self.0.transaction()?;
        let Some((row, message)) = next(&transaction, queue, now)? else {
            return Ok(Moved::Nothing);
        };
        let source = message.system.get("DeadLetterQueueSourceArn");
        let source = source.and_then(|arn| source_of(arn));
        let Some(destination) = destination.map(str::to_owned).or(source) else {
            return Ok(Moved::NoSource);
        };
        let mut system = message.system;
        system.remove("DeadLetterQueueSourceArn");
        let sql = "delete from messages where row = ?";
        transaction.prepare_cached(sql)?.execute([row])?;
        let sql =
            "insert into messages (queue, id, body, attributes, system, sender, sent, visible)
                   values (?, ?, ?, ?, ?, ?, ?7, ?7)";
        let (attributes, system) = (json(&message.attributes.0), json(&system));
        let id = Uuid::new_v4().to_string();
        transaction.prepare_cached(sql)?.execute(params![
            destination,
            id,
            message.body,
            attributes,
            system,
            message.sender,
            now
        ])?;
        transaction.commit()?;
        Ok(Moved::To(destination))
    }
}

/// The outcome of moving a message out of a dead-letter queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    To(String),
    Nothing,
    /// The message was not moved there by SQS, so it has no source.
    NoSource,
}

/// Finds the oldest visible message.
fn next(transaction: &Transaction, queue: &str, now: i64) -> Result<Option<(i64, Message)>> {
    let sql = format!(
        "select {COLUMNS} from messages where queue = ? and visible <= ? order by visible, row limit 1"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    statement.query_row(params![queue, now], read).optional()
}

/// Moves a message to the dead-letter queue. It keeps its id and the time at which it was sent.
fn move_to(
    transaction: &Transaction,
    row: i64,
    redrive: &Redrive,
    message: &Message,
    now: i64,
) -> Result<()> {
    let target = redrive.target.rsplit(':').next().unwrap_or_default();
    // A new row id, because rows are in the order of arrival.
    let sql = "update messages set row = (select max(row) + 1 from messages), queue = ?, system = ?, visible = ?, receipt = ''
               where row = ?";
    transaction
        .prepare_cached(sql)?
        .execute(params![target, json(&message.system), now, row])?;
    Ok(())
}

fn read(row: &Row) -> Result<(i64, Message)> {
    let parsed = |column: usize, text: String| {
        serde_json::from_str(&text).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                column,
                rusqlite::types::Type::Text,
                error.into(),
            )
        })
    };
    let attributes = parsed(3, row.get(3)?)?;
    let attributes = match attributes {
        serde_json::Value::Object(attributes) => attributes,
        _ => serde_json::Map::new(),
    };
    let system: String = row.get(4)?;
    let message = Message {
        id: row.get(1)?,
        receipt: String::new(),
        body: row.get(2)?,
        attributes: MessageAttributes(attributes),
        system: serde_json::from_str(&system).unwrap_or_default(),
        sender: row.get(5)?,
        sent: row.get(6)?,
        first_received: row.get(7)?,
        receives: row.get(8)?,
    };
    Ok((row.get(0)?, message))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}
