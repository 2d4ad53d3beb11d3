//! `cloakroom users`: brings accounts in and says who is an administrator, straight in the tables.

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

/// Bring in the users of another app, and say who is an administrator
#[derive(Debug, Args)]
pub struct UsersArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring in accounts with the bcrypt hashes they have: their owners just sign in
    #[command(long_about = import::ABOUT, after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Show somebody's roles, give some or take some away
    #[command(after_help = roles::EXAMPLES)]
    Roles(roles::RolesArgs),
}

/// Runs the command to its end. What went wrong is said on stderr.
#[must_use]
pub fn run(args: UsersArgs) -> ExitCode {
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
            // Without anybody to tell, the exit code is all there is to say.
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
