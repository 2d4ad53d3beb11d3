//! Applies migrations when `cloakroom dev` starts on data of an earlier version.

use std::pin::Pin;

use domain::Clock;
use local::Endpoints;
use migrations::{Holder, Options, Runner};

use super::{Error, apply::line, stack::runner};
use crate::aws::Connection;

/// What a start does with the data before it is ready. The texts are notes for the developer.
pub type AtStart = Pin<Box<dyn Future<Output = Result<Vec<String>, String>>>>;

/// Applies the migrations that the local data does not have. A small table needs no parallel parts.
pub fn at_start(endpoints: Endpoints, stack: String) -> AtStart {
    Box::pin(async move {
        let applied = apply(endpoints, &stack).await;
        applied.map_err(|error| {
            format!(
                "the data was not migrated: {error}. The system runs, but new lists may lack older items. \
                 `cloakroom migrate up --env ENV --local` tries it again"
            )
        })
    })
}

async fn apply(endpoints: Endpoints, stack: &str) -> Result<Vec<String>, Error> {
    let connection = Connection::to_local(endpoints).await;
    let options = Options {
        segments: 1,
        ..Options::default()
    };
    let runner: Runner = runner(&connection, stack, options, &Clock::system(), |_| {}).await?;
    let entries = runner.entries().await?;
    if runner
        .status(&entries)
        .iter()
        .all(|it| !it.state.is_pending())
    {
        return Ok(Vec::new());
    }
    let holder = Holder {
        name: "cloakroom dev".to_owned(),
        // The data directory is locked, so an earlier `cloakroom dev` of this directory has ended.
        is_only_one: true,
    };
    let done = runner.up(&holder, None).await?;
    let changed = done
        .iter()
        .filter(|it| it.tally.changed > 0 || it.tally.unusable > 0);
    Ok(changed.map(line).collect())
}
