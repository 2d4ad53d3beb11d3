use std::io::Write;

use clap::Args;
use domain::Clock;
use migrations::{Options, Status};
use serde_json::{Value, json};

use super::{Error, stack::open};
use crate::aws::Target;

/// Arguments of `cloakroom migrate status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom migrate status --env prod
  cloakroom migrate status --env prod --json | jq '.migrations[] | select(.state != \"applied\")'

The exit code is 1 if an applied migration is missing from this version, has another name or has other steps.";

pub(super) async fn run(
    args: &StatusArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let runner = open(&args.target, Options::default(), clock, |_| {}).await?;
    let entries = runner.entries().await?;
    let statuses = runner.status(&entries);
    let held = runner.held().await?;
    if args.json {
        let running = held.map(|held| json!({"by": held.holder, "since": held.since}));
        let migrations: Vec<_> = statuses.iter().map(to_json).collect();
        let document = json!({"migrations": migrations, "running": running});
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?)?;
    } else {
        write_table(&statuses, out)?;
        if let Some(held) = held {
            writeln!(out, "running: {} since {}", held.holder, held.since)?;
        }
    }
    for problem in statuses.iter().filter_map(|status| status.problem.as_ref()) {
        writeln!(std::io::stderr(), "problem: {problem}")?;
    }
    if statuses.iter().any(|status| status.problem.is_some()) {
        return Err(Error::Problems);
    }
    Ok(())
}

fn to_json(status: &Status<'_>) -> Value {
    let entry = status.entry;
    json!({
        "number": status.number,
        "name": status.name,
        "state": status.state.as_str(),
        "steps": entry.map(|entry| entry.steps.as_str()),
        "startedAt": entry.map(|entry| entry.started_at.as_str()),
        "finishedAt": entry.and_then(|entry| entry.finished_at.as_deref()),
        "itemsRead": entry.map(|entry| entry.tally.read),
        "itemsChanged": entry.map(|entry| entry.tally.changed),
        "itemsUnusable": entry.map(|entry| entry.tally.unusable),
        "problem": status.problem.as_ref().map(ToString::to_string),
    })
}

fn write_table(statuses: &[Status<'_>], out: &mut impl Write) -> Result<(), Error> {
    let width = statuses.iter().map(|status| status.name.len()).max();
    let width = width.unwrap_or_default().max("name".len());
    writeln!(
        out,
        "{:<6}  {:<width$}  {:<9}  {:<20}  items",
        "number", "name", "state", "since"
    )?;
    for status in statuses {
        let (number, name, state) = (status.number, status.name, status.state.as_str());
        let entry = status.entry;
        let since = entry.map(|entry| entry.finished_at.as_ref().unwrap_or(&entry.started_at));
        let items = entry.filter(|entry| entry.is_finished).map(|entry| {
            let tally = entry.tally;
            format!("{} read, {} changed", tally.read, tally.changed)
        });
        let line = format!(
            "{number:04}    {name:<width$}  {state:<9}  {:<20}  {}",
            since.map_or("", String::as_str),
            items.unwrap_or_default()
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
