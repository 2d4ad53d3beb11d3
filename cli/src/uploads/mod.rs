//! `cloakroom uploads`: what the operator does to uploaded files, straight in S3 and in the table.

mod error;
mod files;
mod stores;
mod unlock;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use domain::Clock;

use self::error::Error;

/// Lift the lock of an uploaded file
#[derive(Debug, Args)]
pub struct UploadsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lift the lock of a file, so that its owner can delete it
    #[command(long_about = unlock::ABOUT, after_help = unlock::EXAMPLES)]
    Unlock(unlock::UnlockArgs),
}

/// Runs the command. An error is a line on stderr.
#[must_use]
pub fn run(args: UploadsArgs) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(args.command)),
        Err(error) => Err(Error::Io(error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Without a stderr, the exit code has to do.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> Result<(), Error> {
    match command {
        Command::Unlock(args) => unlock::run(&args, &Clock::system(), &mut io::stdout()).await,
    }
}
