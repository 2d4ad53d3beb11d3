#![doc = include_str!("../README.md")]

mod dry_run;
mod error;
mod history;
mod item;
mod ledger;
mod lock;
mod migration;
mod new;
mod pace;
mod runner;
mod send;
pub mod steps;
#[cfg(test)]
#[expect(dead_code, reason = "proves that the file of a new migration compiles")]
mod template;
pub mod versions;

pub use dry_run::DryRun;
pub use error::Error;
pub use history::{Problem, Status};
pub use item::{Edit, Item, Unusable};
pub use ledger::{Direction, Entry, State, Tally};
pub use lock::{Held, Holder};
pub use migration::{Down, Migration};
pub use new::{Created, NewError, create};
pub use runner::{Event, Options, Runner, Stack, Stop, Summary};
pub use steps::Step;
