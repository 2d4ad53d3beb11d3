//! `cloakroom queues`: shows the queues of a stack, and moves dead letters back to the queues that they came from.

mod error;
mod letters;
mod list;
mod redact;
mod redrive;
mod show;
mod stack;

use std::{io, process::ExitCode};

use clap::{Args, Subcommand};

use crate::command;

use self::error::Error;

/// List the queues, show dead letters, and move them back
#[derive(Debug, Args)]
pub struct QueuesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the queues of a stack with the numbers of their messages
    #[command(long_about = list::ABOUT)]
    List(list::ListArgs),
    /// Show the messages of a dead-letter queue, and leave them there
    #[command(long_about = show::ABOUT)]
    Show(show::ShowArgs),
    /// Move messages from a dead-letter queue back to the queues that they came from
    #[command(long_about = redrive::ABOUT)]
    Redrive(redrive::RedriveArgs),
}

/// Runs the command and prints an error to stderr.
#[must_use]
pub fn run(args: QueuesArgs) -> ExitCode {
    command::run(async {
        let out = &mut io::stdout();
        match args.command {
            Command::List(args) => list::run(&args, out).await,
            Command::Show(args) => show::run(&args, out).await,
            Command::Redrive(args) => redrive::run(&args, out).await,
        }
    })
}
