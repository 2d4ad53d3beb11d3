use std::io::Write;

use clap::Args;
use domain::Clock;
use migrations::{DryRun, Error as MigrateError, Runner, Summary};

use super::{
    Error,
    progress::Progress,
    stack::{SpeedArgs, holder, open},
};
use crate::aws::Target;

/// Arguments of `cloakroom migrate up`.
#[derive(Debug, Args)]
pub(super) struct UpArgs {
    #[command(flatten)]
    target: Target,
    /// Stop after this migration
    #[arg(long, value_name = "NUMBER")]
    to: Option<u32>,
    /// Run an applied migration again, for a table that was restored from an earlier time
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["to", "dry_run"])]
    again: Option<u32>,
    /// Only read, and say how many items would change
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: read only the first N items of each table
    #[arg(long, value_name = "N", requires = "dry_run", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    #[command(flatten)]
    speed: SpeedArgs,
}

/// Arguments of `cloakroom migrate down`.
#[derive(Debug, Args)]
pub(super) struct DownArgs {
    #[command(flatten)]
    target: Target,
    /// Undo all migrations after this one, the last one first. 0 undoes all
    #[arg(long, value_name = "NUMBER")]
    to: Option<u32>,
    #[command(flatten)]
    speed: SpeedArgs,
}

pub(super) const ABOUT_UP: &str = "\
Apply the migrations that are not applied, in order

Deploy the version first: its functions read the old and the new shape of items, so they can run meanwhile. Each item is \
written under the condition that it has not changed since it was read. The ledger in the table MigrationsTable has a lock, so \
that two operators cannot run migrations at the same time, and the progress of each part of a table. After an interruption \
of any kind, the same command continues.";

pub(super) const EXAMPLES_UP: &str = "\
Examples:
  cloakroom migrate up --env prod --dry-run
  cloakroom migrate up --env prod --items-per-second 500
  cloakroom migrate up --env dev --local

Required permissions: dynamodb:ListTables; on MigrationsTable dynamodb:Scan, GetItem, PutItem, UpdateItem, DeleteItem and
ConditionCheckItem; on the tables that are changed dynamodb:DescribeTable, Scan and UpdateItem.";

pub(super) const ABOUT_DOWN: &str = "\
Undo the last applied migration, or all after the one of --to

Undo a migration before you return to a version that does not know the new shape. Functions that still write the new shape \
while `down` runs leave new items behind. A migration that cannot be undone says why.";

pub(super) async fn up(args: &UpArgs, clock: &Clock, out: &mut impl Write) -> Result<(), Error> {
    let progress = Progress::new();
    let show = move |event| progress.show(&event);
    let runner = open(&args.target, args.speed.options(), clock, show).await?;
    if args.dry_run {
        let steps = runner.dry_run(args.to, args.sample).await?;
        return print_dry_run(&steps, out);
    }
    stop_on_ctrl_c(&runner);
    let done = match args.again {
        Some(number) => runner.again(&holder(), number).await,
        None => runner.up(&holder(), args.to).await,
    };
    finish(runner, done, "all migrations are applied", out)
}

pub(super) async fn down(
    args: &DownArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let progress = Progress::new();
    let show = move |event| progress.show(&event);
    let runner = open(&args.target, args.speed.options(), clock, show).await?;
    stop_on_ctrl_c(&runner);
    let done = runner.down(&holder(), args.to).await;
    finish(runner, done, "there is no migration to undo", out)
}

/// Ends the run at Ctrl-C: the lock is freed, and the next run continues. A second Ctrl-C ends the process at once.
fn stop_on_ctrl_c(runner: &Runner) {
    let stop = runner.stop();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.notify_one();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
}

/// Prints what was done. The progress bar ends with the runner.
fn finish(
    runner: Runner,
    done: Result<Vec<Summary>, MigrateError>,
    nothing: &str,
    out: &mut impl Write,
) -> Result<(), Error> {
    drop(runner);
    let done = done?;
    if done.is_empty() {
        writeln!(out, "{nothing}")?;
    }
    for summary in done {
        writeln!(out, "{}", line(&summary))?;
    }
    Ok(())
}

/// Describes a finished run in one line.
pub(super) fn line(summary: &Summary) -> String {
    let Summary {
        title,
        direction,
        tally,
    } = summary;
    let unusable = match tally.unusable {
        0 => String::new(),
        items => format!(", {items} cannot be changed and stay as they are"),
    };
    let direction = direction.as_str();
    format!(
        "{title} {direction}: {} items read, {} changed{unusable}",
        tally.read, tally.changed
    )
}

fn print_dry_run(steps: &[DryRun], out: &mut impl Write) -> Result<(), Error> {
    if steps.is_empty() {
        writeln!(out, "all migrations are applied")?;
    }
    for DryRun {
        title,
        step,
        tally,
        items,
        is_sample,
    } in steps
    {
        writeln!(out, "{title}: {step}")?;
        let read = if *is_sample {
            format!("of the first {} of about {items} items", tally.read)
        } else {
            format!("of all {} items", tally.read)
        };
        writeln!(
            out,
            "  {read}, {} would be changed, {} cannot be changed",
            tally.changed, tally.unusable
        )?;
    }
    Ok(writeln!(out, "Nothing was written")?)
}
