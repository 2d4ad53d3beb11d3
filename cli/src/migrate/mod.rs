//! `cloakroom migrate`: changes stored items to the shape that this version writes.

mod apply;
mod at_start;
mod error;
mod new;
mod progress;
mod stack;
mod status;

use std::{io, process::ExitCode};

use clap::{Args, Subcommand};
use domain::Clock;

pub use self::at_start::at_start;
use self::error::Error;
use crate::command;

/// Change stored items to the shape that this version writes
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the migrations, and which are applied
    #[command(after_help = status::EXAMPLES)]
    Status(status::StatusArgs),
    /// Apply the migrations that are not applied
    #[command(long_about = apply::ABOUT_UP, after_help = apply::EXAMPLES_UP)]
    Up(apply::UpArgs),
    /// Undo the last applied migration
    #[command(long_about = apply::ABOUT_DOWN)]
    Down(apply::DownArgs),
    /// Write the file of a new migration in a checkout
    New(new::NewArgs),
}

/// Runs the command and prints an error to stderr.
#[must_use]
pub fn run(args: MigrateArgs) -> ExitCode {
    command::run(dispatch(args.command))
}

async fn dispatch(command: Command) -> Result<(), Error> {
    let (clock, mut out) = (Clock::system(), io::stdout());
    match command {
        Command::Status(args) => status::run(&args, &clock, &mut out).await,
        Command::Up(args) => apply::up(&args, &clock, &mut out).await,
        Command::Down(args) => apply::down(&args, &clock, &mut out).await,
        Command::New(args) => new::run(&args, &mut out),
    }
}
