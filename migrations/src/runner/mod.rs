//! Runs migrations under the lock.

mod items;
mod run;
mod segment;
mod table;

use std::{collections::BTreeMap, fmt, future::Future, sync::Arc};

use aws_sdk_dynamodb::Client;
use clock::Clock;
use tokio::sync::Notify;

pub(crate) use self::table::Table;
use crate::{
    Direction, Down, Entry, Error, Held, Holder, Migration, Status, Tally,
    history::{Problem, statuses},
    ledger::{Ledger, LedgerWriter},
    lock::{Lock, current, format_time},
    pace::Pace,
};

/// The tables of a stack.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The client.
    pub client: Client,
    /// The name of the ledger's table.
    pub ledger: String,
    /// The names of the tables by their logical ids in template.yaml.
    pub tables: BTreeMap<String, String>,
}

/// How fast migrations run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The number of parts that a table is read in at the same time.
    pub segments: i32,
    /// The most items that are read at once.
    pub page: i32,
    /// The most items that are written at the same time.
    pub writes: usize,
    /// The most items that are read per second; `None` sets no limit.
    pub items_per_second: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segments: 8,
            page: 500,
            writes: 32,
            items_per_second: None,
        }
    }
}

/// Stops a runner, as Ctrl-C does.
pub type Stop = Arc<Notify>;

/// What a runner does, for the progress on a terminal.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step begins or is continued. The table has about `items` items, of which `read` were read before.
    Step {
        /// Number and name of the migration.
        title: String,
        /// The direction.
        direction: Direction,
        /// The step in words.
        step: String,
        /// About how many items the table has. `DynamoDB` counts them every six hours.
        items: u64,
        /// How many were read before an interruption.
        read: u64,
    },
    /// A page is complete.
    Page(Tally),
    /// A step waits for an index.
    Waiting {
        /// The table.
        table: String,
        /// The index.
        index: &'static str,
    },
}

/// A finished run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Number and name of the migration.
    pub title: String,
    /// The direction.
    pub direction: Direction,
    /// What it did.
    pub tally: Tally,
}

/// Runs a list of migrations on a stack.
pub struct Runner {
    pub(crate) stack: Stack,
    pub(crate) migrations: Vec<Migration>,
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    pub(crate) pace: Pace,
    /// Is told what happens.
    pub(crate) observe: Box<dyn Fn(Event) + Send + Sync>,
    stop: Stop,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("stack", &self.stack)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Runner {
    /// Creates a runner.
    pub fn new(
        stack: Stack,
        migrations: Vec<Migration>,
        options: Options,
        clock: Clock,
        observe: impl Fn(Event) + Send + Sync + 'static,
    ) -> Self {
        Self {
            stack,
            migrations,
            options,
            clock,
            pace: Pace::new(options.items_per_second),
            observe: Box::new(observe),
            stop: Stop::default(),
        }
    }

    /// Returns a handle that stops a run.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Arc::clone(&self.stop)
    }

    /// Reads the ledger.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn entries(&self) -> Result<Vec<Entry>, Error> {
        self.ledger().entries().await
    }

    /// Returns who runs migrations now.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn held(&self) -> Result<Option<Held>, Error> {
        current(&self.stack.client, &self.stack.ledger, &self.clock).await
    }

    /// Returns the status of each migration. `entries` are those of [`Self::entries`].
    #[must_use]
    pub fn status<'a>(&'a self, entries: &'a [Entry]) -> Vec<Status<'a>> {
        statuses(&self.migrations, entries)
    }

    /// Applies the migrations that are not applied, in order, up to the number `to`.
    ///
    /// # Errors
    /// When another operator runs migrations, the list does not fit the ledger, or a call fails. What was written stays, and the
    /// next run continues.
    pub async fn up(&self, holder: &Holder, to: Option<u32>) -> Result<Vec<Summary>, Error> {
        to.map_or(Ok(()), |to| self.find(to).map(drop))?;
        self.locked(holder, |writer| async move {
            let entries = self.checked_entries().await?;
            let mut done = Vec::new();
            for migration in self.pending(&entries, to) {
                let last = entries.iter().find(|it| it.number == migration.number);
                done.push(
                    self.run(&writer, migration, Direction::Up, last, false)
                        .await?,
                );
            }
            Ok(done)
        })
        .await
    }

    /// Undoes the last applied migration, or all after the number `to`, the last one first.
    ///
    /// # Errors
    /// As [`Self::up`], and when one of them cannot be undone: then nothing is undone.
    pub async fn down(&self, holder: &Holder, to: Option<u32>) -> Result<Vec<Summary>, Error> {
        if let Some(to) = to.filter(|to| *to > 0) {
            self.find(to)?;
        }
        self.locked(holder, |writer| async move {
            let entries = self.checked_entries().await?;
            let mut done = Vec::new();
            for (migration, last) in self.applied(&entries, to)? {
                done.push(
                    self.run(&writer, migration, Direction::Down, Some(last), false)
                        .await?,
                );
            }
            Ok(done)
        })
        .await
    }

    /// Runs an applied migration again from its beginning, for a table that was restored from an earlier time.
    ///
    /// # Errors
    /// As [`Self::up`], and when the migration is not applied.
    pub async fn again(&self, holder: &Holder, number: u32) -> Result<Vec<Summary>, Error> {
        let migration = self.find(number)?;
        self.locked(holder, |writer| async move {
            let entries = self.checked_entries().await?;
            let last = entries.iter().find(|entry| entry.number == number);
            let last = last.filter(|entry| entry.state() == crate::State::Applied);
            let last = last.ok_or_else(|| Error::NotApplied(migration.title()))?;
            Ok(vec![
                self.run(&writer, migration, Direction::Up, Some(last), true)
                    .await?,
            ])
        })
        .await
    }

    /// Returns the migrations that `up` runs.
    pub(crate) fn pending<'a>(
        &'a self,
        entries: &'a [Entry],
        to: Option<u32>,
    ) -> impl Iterator<Item = &'a Migration> {
        let is_pending = |number: u32| {
            let entry = entries.iter().find(|entry| entry.number == number);
            entry.is_none_or(|entry| entry.state().is_pending())
        };
        self.migrations
            .iter()
            .filter(move |it| is_pending(it.number) && to.is_none_or(|to| it.number <= to))
    }

    /// Returns the migrations that `down` runs, the last one first.
    fn applied<'a>(
        &'a self,
        entries: &'a [Entry],
        to: Option<u32>,
    ) -> Result<Vec<(&'a Migration, &'a Entry)>, Error> {
        let runs = entries
            .iter()
            .rev()
            .filter(|it| it.state().can_be_reverted());
        let limit = if to.is_some() { usize::MAX } else { 1 };
        let mut found = Vec::new();
        for entry in runs
            .filter(|it| to.is_none_or(|to| it.number > to))
            .take(limit)
        {
            let migration = self.find(entry.number)?;
            if let Down::Impossible(reason) = migration.down {
                return Err(Error::Impossible {
                    title: migration.title(),
                    number: migration.number,
                    reason,
                });
            }
            found.push((migration, entry));
        }
        Ok(found)
    }

    fn find(&self, number: u32) -> Result<&Migration, Error> {
        let mut list = self.migrations.iter();
        list.find(|it| it.number == number)
            .ok_or(Error::Unknown(number))
    }

    /// Reads the ledger, and fails if the list does not fit it.
    pub(crate) async fn checked_entries(&self) -> Result<Vec<Entry>, Error> {
        let entries = self.entries().await?;
        let mut problems = self.status(&entries).into_iter();
        let problem = problems.find_map(|status| -> Option<Problem> { status.problem });
        match problem {
            Some(problem) => Err(Error::History(problem)),
            None => Ok(entries),
        }
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::new(&self.stack.client, &self.stack.ledger)
    }

    /// Does something while this process holds the lock. Ends it when the lock is lost or the operator stops it, and then frees
    /// the lock.
    async fn locked<T, F>(
        &self,
        holder: &Holder,
        work: impl FnOnce(LedgerWriter) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let (client, table) = (&self.stack.client, &self.stack.ledger);
        let lock = Arc::new(Lock::acquire(client, table, &self.clock, holder).await?);
        let writer = self.ledger().writer(&lock);
        let result = tokio::select! {
            result = work(writer) => result,
            error = lock.keep() => Err(error),
            () = self.stop.notified() => Err(Error::Interrupted),
        };
        lock.release().await;
        result
    }

    pub(crate) fn now(&self) -> String {
        format_time(self.clock.now())
    }
}
