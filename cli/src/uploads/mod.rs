//! `cloakroom uploads`: administers uploaded files directly in S3 and in the Uploads table.

mod error;
mod files;
mod resources;
mod unlock;

use std::{io, process::ExitCode};

use clap::{Args, Subcommand};
use domain::Clock;

use crate::command;

use self::error::Error;

/// Remove the lock of an uploaded file
#[derive(Debug, Args)]
pub struct UploadsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Remove the lock of a file, so that its owner can delete it
    #[command(long_about = unlock::ABOUT, after_help = unlock::EXAMPLES)]
    Unlock(unlock::UnlockArgs),
}

/// Runs the command and prints an error to stderr.
#[must_use]
pub fn run(args: UploadsArgs) -> ExitCode {
    command::run(dispatch(args.command))
}

async fn dispatch(command: Command) -> Result<(), Error> {
    match command {
        Command::Unlock(args) => unlock::run(&args, &Clock::system(), &mut io::stdout()).await,
    }
}
