//! The queues of the template and their messages, for the API and for the services of this system.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use clock::Clock;
use sam_template::Queue;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    SqsError,
    message::{Message, NewMessage},
    store::{Change, Counts, Moved, Store},
};
use crate::{locks::lock, ui::Ui};

/// The queues. Clones share the same state.
#[derive(Clone)]
pub(crate) struct Queues(Arc<Shared>);

struct Shared {
    queues: BTreeMap<String, Queue>,
    store: Mutex<Store>,
    clock: Clock,
    /// The time of the start, in milliseconds since 1970.
    opened: i64,
    ui: Ui,
    /// Counts changes of messages.
    changes: watch::Sender<u64>,
}

impl Queues {
    /// Opens the messages in the file at `path`, or in memory.
    pub(crate) fn open(
        path: Option<&Path>,
        queues: Vec<Queue>,
        clock: Clock,
        ui: Ui,
    ) -> rusqlite::Result<Self> {
        let opened = clock.epoch_ms();
        let store = Store::open(path, opened)?;
        let queues = queues.into_iter().map(|queue| (queue.name.clone(), queue));
        Ok(Self(Arc::new(Shared {
            queues: queues.collect(),
            store: Mutex::new(store),
            clock,
            opened,
            ui,
            changes: watch::Sender::new(0),
        })))
    }

    /// Returns the time at which the queues were opened, in milliseconds since 1970.
    pub(crate) fn opened(&self) -> i64 {
        self.0.opened
    }

    /// Finds a queue by its name.
    pub(crate) fn find(&self, name: &str) -> Option<&Queue> {
        self.0.queues.get(name)
    }

    /// Finds a queue by its ARN.
    pub(crate) fn find_arn(&self, arn: &str) -> Option<&Queue> {
        self.all().find(|queue| queue.arn == arn)
    }

    /// Lists the queues, sorted by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Queue> {
        self.0.queues.values()
    }

    /// Returns a receiver that changes with the messages.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Returns how often messages have changed.
    pub(crate) fn change_count(&self) -> u64 {
        *self.0.changes.borrow()
    }

    /// Sends a message and returns its id.
    pub(crate) fn send(&self, queue: &Queue, message: &NewMessage) -> Result<String, SqsError> {
        let delay = message.delay.unwrap_or(queue.delay);
        let id = self.store().send(&queue.name, message, self.now(), delay)?;
        self.changed();
        Ok(id)
    }

    /// Receives at most `max` messages, and makes them invisible for `visibility`.
    pub(crate) fn receive(
        &self,
        queue: &Queue,
        max: u32,
        visibility: Duration,
    ) -> Result<Vec<Message>, SqsError> {
        let now = self.now();
        let received = {
            let mut store = self.store();
            store.expire(&queue.name, oldest(queue, now))?;
            store.receive(queue, max, (now, after(now, visibility)))?
        };
        if !received.messages.is_empty() || !received.moved.is_empty() {
            self.changed();
        }
        self.report_moved(queue, &received.moved);
        Ok(received.messages)
    }

    /// Receives messages, and waits for the first one at most for `wait`.
    pub(crate) async fn receive_within(
        &self,
        queue: &Queue,
        max: u32,
        visibility: Duration,
        wait: Duration,
    ) -> Result<Vec<Message>, SqsError> {
        let deadline = Instant::now() + wait;
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            let received = self.receive(queue, max, visibility)?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !received.is_empty() || left.is_zero() {
                return Ok(received);
            }
            let until_visible = self.until_visible(queue)?.unwrap_or(left);
            // A timeout is the end of the wait, or the time at which a message becomes visible.
            let _ = timeout(left.min(until_visible), changes.changed()).await;
        }
    }

    /// Returns the time until the next message of a queue is visible.
    pub(crate) fn until_visible(&self, queue: &Queue) -> Result<Option<Duration>, SqsError> {
        let next = self.store().next_visible(&queue.name)?;
        let now = self.now();
        // At least a millisecond, the resolution of the times.
        let until = |next: i64| u64::try_from(next - now).unwrap_or(0).max(1);
        Ok(next.map(|next| Duration::from_millis(until(next))))
    }

    /// Deletes a received message.
    pub(crate) fn delete(&self, queue: &Queue, id: &str, receipt: &str) -> Result<(), SqsError> {
        self.store().delete(&queue.name, id, receipt)?;
        self.changed();
        Ok(())
    }

    /// Makes a received message visible after a time.
    pub(crate) fn change_visibility(
        &self,
        queue: &Queue,
        (id, receipt): (&str, &str),
        visibility: Duration,
    ) -> Result<Change, SqsError> {
        let now = self.now();
        let key = (queue.name.as_str(), id, receipt);
        let changed = self
            .store()
            .change_visibility(key, after(now, visibility))?;
        self.changed();
        Ok(changed)
    }

    /// Removes all messages of a queue.
    pub(crate) fn purge(&self, queue: &Queue) -> Result<(), SqsError> {
        self.store().purge(&queue.name)?;
        self.changed();
        Ok(())
    }

    pub(crate) fn counts(&self, queue: &Queue) -> Result<Counts, SqsError> {
        let now = self.now();
        let store = self.store();
        store.expire(&queue.name, oldest(queue, now))?;
        Ok(store.counts(&queue.name, now)?)
    }

    /// Moves the oldest message of a dead-letter queue to the queue `destination`, or to the one that it came from.
    pub(crate) fn move_back(
        &self,
        queue: &Queue,
        destination: Option<&str>,
    ) -> Result<Moved, SqsError> {
        let source_of = |arn: &str| self.find_arn(arn).map(|queue| queue.name.clone());
        let moved = self
            .store()
            .move_back(&queue.name, destination, source_of, self.now())?;
        self.changed();
        Ok(moved)
    }

    fn report_moved(&self, queue: &Queue, moved: &[String]) {
        let Some(redrive) = &queue.redrive else {
            return;
        };
        for id in moved {
            self.0.ui.warn(&format!(
                "message {id} of {} was received {} times and is now in the dead-letter queue {}",
                queue.name,
                redrive.max_receives,
                redrive.target.rsplit(':').next().unwrap_or_default(),
            ));
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.clock.epoch_ms()
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// A panic cannot leave the store inconsistent: its changes are transactions.
    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.0.store)
    }
}

fn after(now: i64, visibility: Duration) -> i64 {
    now.saturating_add(i64::try_from(visibility.as_millis()).unwrap_or(i64::MAX))
}

/// Returns the time before which messages were sent that the queue no longer keeps.
fn oldest(queue: &Queue, now: i64) -> i64 {
    now - 1_000 * i64::from(queue.retention)
}
