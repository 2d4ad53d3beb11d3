//! `cloakroom events`: sends events again.

mod bus;
mod error;
mod progress;
mod replay;
mod tables;

use std::{io, process::ExitCode};

use clap::{Args, Subcommand};

use crate::command;

use self::error::Error;

/// Send events again, from the tables
#[derive(Debug, Args)]
pub struct EventsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send the events of the present state of all items
    #[command(long_about = replay::ABOUT)]
    Replay(replay::ReplayArgs),
}

/// Runs the command and prints an error to stderr.
#[must_use]
pub fn run(args: EventsArgs) -> ExitCode {
    command::run(async {
        let Command::Replay(args) = args.command;
        replay::run(&args, &mut io::stdout()).await
    })
}
