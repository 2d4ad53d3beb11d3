//! `cloakroom users`: imports accounts and changes roles directly in the tables.

mod error;
mod import;
mod roles;
mod tables;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use domain::Clock;

use self::error::Error;

/// Import users from another app, and grant or revoke the administrator role
#[derive(Debug, Args)]
pub struct UsersArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Import accounts with their bcrypt hashes; users sign in with their existing passwords
    #[command(long_about = import::ABOUT, after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Show, grant or revoke a user's roles
    #[command(after_help = roles::EXAMPLES)]
    Roles(roles::RolesArgs),
}

/// Runs the command and prints an error to stderr.
#[must_use]
pub fn run(args: UsersArgs) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(args.command)),
        Err(error) => Err(Error::Io(error)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr is closed, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

async fn dispatch(command: Command) -> Result<(), Error> {
    let clock = Clock::system();
    match command {
        Command::Import(args) => import::run(&args, &clock).await,
        Command::Roles(args) => roles::run(&args, &clock, &mut io::stdout()).await,
    }
}
