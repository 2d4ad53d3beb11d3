use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use store::{
    AccountTables, StoreError,
    accounts::{self, Import},
};
use tokio::task::JoinSet;

use super::{super::tables::Tables, line::Account};

/// Transactions on their way at once. Some hundred a second, which a new table takes.
const AT_ONCE: usize = 16;

/// How far the import came.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) created: usize,
    pub(super) unchanged: usize,
    /// The lines whose addresses have accounts.
    pub(super) taken: Vec<usize>,
    /// What ended it early, if it was not the person who began it.
    pub(super) failed: Option<StoreError>,
}

impl Written {
    /// Accounts that nothing more is to be done for.
    pub(super) const fn done(&self) -> usize {
        self.created + self.unchanged + self.taken.len()
    }

    fn add(&mut self, line: usize, import: Import) {
        match import {
            Import::Created => self.created += 1,
            Import::Unchanged => self.unchanged += 1,
            Import::EmailTaken => self.taken.push(line),
        }
    }
}

/// Writes accounts, some at once, until all are written, one fails, or Ctrl-C comes. What is on its way then comes to
/// its end; a second Ctrl-C does not wait for that.
pub(super) async fn write(tables: &Tables, accounts: Vec<Account>) -> Written {
    let bar = progress(accounts.len());
    let mut written = Written::default();
    let mut queue = accounts.into_iter();
    let mut running = JoinSet::new();
    let mut stopping = false;
    loop {
        while !stopping && running.len() < AT_ONCE {
            let Some(account) = queue.next() else { break };
            running.spawn(one(tables.clone(), account));
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {
                if stopping {
                    break;
                }
                stopping = true;
                bar.suspend(|| eprintln!("ending what is on its way; Ctrl-C again does not wait for it"));
            }
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok((line, Ok(import)))) => {
                    written.add(line, import);
                    bar.inc(1);
                }
                Some(Ok((_, Err(error)))) => {
                    written.failed.get_or_insert(error);
                    stopping = true;
                }
                Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            },
        }
    }
    bar.finish_and_clear();
    written
}

async fn one(tables: Tables, account: Account) -> (usize, Result<Import, StoreError>) {
    let both = AccountTables {
        credentials: &tables.credentials,
        users: &tables.users,
    };
    let import = accounts::import(both, &account.user, &account.credential);
    (account.line, import.await)
}

/// On a terminal only.
fn progress(accounts: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(accounts).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len}, {eta} to go");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
