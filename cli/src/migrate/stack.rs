use std::{collections::BTreeMap, env, fs};

use clap::Args;
use migrations::{Event, Holder, Options, Runner, Stack};

use super::Error;
use crate::aws::{AwsError, Connection, Target, find_table, table_names};
use domain::Clock;

/// The table of the ledger.
const LEDGER: &str = "MigrationsTable";

/// Arguments that limit the speed.
#[derive(Debug, Clone, Args)]
pub(super) struct SpeedArgs {
    /// Read at most this many items per second. An item that changes costs a write unit for each KB, and as much for each index
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    items_per_second: Option<u32>,
    /// Parts in which a table is read at the same time. A run that is continued keeps its number
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(i32).range(1..=1000))]
    segments: i32,
    /// The most items that are read at once
    #[arg(long, value_name = "N", default_value_t = 500, hide = true, value_parser = clap::value_parser!(i32).range(1..))]
    page: i32,
}

impl SpeedArgs {
    pub(super) fn options(&self) -> Options {
        Options {
            segments: self.segments,
            page: self.page,
            items_per_second: self.items_per_second,
            ..Options::default()
        }
    }
}

/// Connects to the stack of a command.
pub(super) async fn open(
    target: &Target,
    options: Options,
    clock: &Clock,
    observe: impl Fn(Event) + Send + Sync + 'static,
) -> Result<Runner, Error> {
    let connection = Connection::open(target).await?;
    Ok(runner(&connection, &target.stack(), options, clock, observe).await?)
}

/// Finds the tables of a stack.
pub(super) async fn runner(
    connection: &Connection,
    stack: &str,
    options: Options,
    clock: &Clock,
    observe: impl Fn(Event) + Send + Sync + 'static,
) -> Result<Runner, AwsError> {
    let (client, endpoint) = connection.dynamodb();
    let names = table_names(&client, &endpoint).await?;
    let find = |table| find_table(&names, stack, table, &endpoint);
    let migrations = migrations::versions::all();
    let steps = migrations.iter().flat_map(|migration| {
        let down = match &migration.down {
            migrations::Down::Steps(steps) => steps.as_slice(),
            migrations::Down::Impossible(_) => &[],
        };
        migration.up.iter().chain(down)
    });
    let tables = steps
        .map(|step| Ok((step.table.to_owned(), find(step.table)?)))
        .collect::<Result<BTreeMap<_, _>, AwsError>>()?;
    let stack = Stack {
        ledger: find(LEDGER)?,
        client,
        tables,
    };
    Ok(Runner::new(
        stack,
        migrations,
        options,
        clock.clone(),
        observe,
    ))
}

/// Describes this process for other operators.
pub(super) fn holder() -> Holder {
    let variable = |names: [&str; 2]| names.into_iter().find_map(|name| env::var(name).ok());
    let user = variable(["USER", "USERNAME"]).unwrap_or_else(|| "an operator".to_owned());
    let host = variable(["HOSTNAME", "COMPUTERNAME"])
        .or_else(|| fs::read_to_string("/etc/hostname").ok())
        .map(|host| format!(" on {}", host.trim()));
    let (host, process) = (host.unwrap_or_default(), std::process::id());
    Holder {
        name: format!("{user}{host}, process {process}"),
        is_only_one: false,
    }
}
