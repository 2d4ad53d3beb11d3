use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use store::{
    AccountTables, StoreError,
    accounts::{self, Import},
};
use tokio::task::JoinSet;

use super::{super::tables::Tables, lines::ImportedAccount};

/// Concurrent transactions. They make a few hundred writes per second, which a new table accepts.
const CONCURRENT_WRITES: usize = 16;

/// How far the import got.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) created: usize,
    pub(super) unchanged: usize,
    /// The lines whose addresses already have accounts with other hashes.
    pub(super) skipped: Vec<usize>,
    /// The error that stopped the import, if it was not interrupted.
    pub(super) failed: Option<StoreError>,
}

impl Progress {
    /// Returns how many accounts were processed.
    pub(super) const fn done(&self) -> usize {
        self.created + self.unchanged + self.skipped.len()
    }

    fn add(&mut self, line: usize, import: Import) {
        match import {
            Import::Created => self.created += 1,
            Import::Unchanged => self.unchanged += 1,
            Import::EmailTaken => self.skipped.push(line),
        }
    }
}

/// Writes the accounts concurrently until all are written, one fails, or Ctrl-C is pressed. Transactions that have
/// started are then awaited; a second Ctrl-C skips that.
pub(super) async fn write(tables: &Tables, accounts: Vec<ImportedAccount>) -> Progress {
    let bar = progress_bar(accounts.len());
    let mut progress = Progress::default();
    let mut queue = accounts.into_iter();
    let mut running = JoinSet::new();
    let mut stopping = false;
    loop {
        while !stopping && running.len() < CONCURRENT_WRITES {
            let Some(account) = queue.next() else { break };
            running.spawn(write_one(tables.clone(), account));
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {
                if stopping {
                    break;
                }
                stopping = true;
                bar.suspend(|| eprintln!("finishing the writes that have started; press Ctrl-C again to stop immediately"));
            }
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok((line, Ok(import)))) => {
                    progress.add(line, import);
                    bar.inc(1);
                }
                Some(Ok((_, Err(error)))) => {
                    progress.failed.get_or_insert(error);
                    stopping = true;
                }
                Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            },
        }
    }
    bar.finish_and_clear();
    progress
}

async fn write_one(
    tables: Tables,
    account: ImportedAccount,
) -> (usize, Result<Import, StoreError>) {
    let both = AccountTables {
        credentials: &tables.credentials,
        users: &tables.users,
    };
    let import = accounts::import(both, &account.user, &account.credential);
    (account.line, import.await)
}

/// Creates a progress bar, which is shown only on a terminal.
fn progress_bar(accounts: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(accounts).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
