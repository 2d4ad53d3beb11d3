//! `cloakroom users`: imports accounts and changes roles directly in the tables.

mod error;
mod import;
mod roles;
mod tables;

use std::{io, process::ExitCode};

use clap::{Args, Subcommand};
use domain::Clock;

use crate::command;

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
    command::run(dispatch(args.command))
}

async fn dispatch(command: Command) -> Result<(), Error> {
    let clock = Clock::system();
    match command {
        Command::Import(args) => import::run(&args, &clock).await,
        Command::Roles(args) => roles::run(&args, &clock, &mut io::stdout()).await,
    }
}
