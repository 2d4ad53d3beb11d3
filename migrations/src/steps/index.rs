use std::time::Duration;

use aws_sdk_dynamodb::types::{IndexStatus, TableDescription};

use super::{Step, Work};

/// How often the state of an index is read. To fill the index of a large table takes `DynamoDB` minutes.
pub(crate) const POLL: Duration = Duration::from_secs(5);

/// Waits until an index of a table is active. The template creates and removes indexes; a migration that fills the key of an
/// index begins with this step, so that it fails before the stack is updated.
#[must_use]
pub fn wait_for_index(table: &'static str, index: &'static str) -> Step {
    Step {
        table,
        what: format!("wait until the index {index} is active"),
        work: Work::Index(index),
    }
}

/// Whether an index is active; `None` if the table has no such index.
pub(crate) fn is_active(table: &TableDescription, index: &str) -> Option<bool> {
    let mut indexes = table.global_secondary_indexes().iter();
    let found = indexes.find(|found| found.index_name() == Some(index))?;
    // Without a status, as in the local engine, the index is complete.
    Some(matches!(
        found.index_status(),
        None | Some(IndexStatus::Active)
    ))
}
