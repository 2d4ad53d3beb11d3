//! `cloakroom users`: finds, shows and changes accounts, and imports them, directly in the tables.

mod account;
mod error;
mod export;
mod find;
mod import;
mod list;
mod manage;
mod person;
mod roles;
mod show;
mod tables;
mod view;

use std::{io, process::ExitCode};

use clap::{Args, Subcommand};
use domain::{Clock, Status};

use crate::command;

use self::error::Error;

/// List, find, show, disable, delete, export and import users, and grant or revoke the administrator role
#[derive(Debug, Args)]
pub struct UsersArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List users, newest first
    #[command(after_help = list::EXAMPLES)]
    List(list::ListArgs),
    /// Find users by e-mail address or by the beginning of the name
    #[command(long_about = find::ABOUT, after_help = find::EXAMPLES)]
    Find(find::FindArgs),
    /// Show an account: roles, status, sessions, uploads, mail
    #[command(after_help = show::EXAMPLES)]
    Show(show::ShowArgs),
    /// Disable an account and end its sessions
    #[command(after_help = manage::STATUS_EXAMPLES)]
    Disable(manage::StatusArgs),
    /// Enable a disabled account
    #[command(after_help = manage::STATUS_EXAMPLES)]
    Enable(manage::StatusArgs),
    /// Delete an account permanently and free its e-mail address
    #[command(long_about = manage::DELETE_ABOUT, after_help = manage::DELETE_EXAMPLES)]
    Delete(manage::DeleteArgs),
    /// Write what is stored about a person as one JSON document
    #[command(long_about = export::ABOUT, after_help = export::EXAMPLES)]
    Export(export::ExportArgs),
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
    let (clock, out) = (Clock::system(), &mut io::stdout());
    match command {
        Command::List(args) => list::run(&args, out).await,
        Command::Find(args) => find::run(&args, out).await,
        Command::Show(args) => show::run(&args, &clock, out).await,
        Command::Disable(args) => manage::set_status(&args, Status::Disabled, &clock, out).await,
        Command::Enable(args) => manage::set_status(&args, Status::Active, &clock, out).await,
        Command::Delete(args) => manage::delete(&args, &clock, out).await,
        Command::Export(args) => export::run(&args, &clock, out).await,
        Command::Import(args) => import::run(&args, &clock).await,
        Command::Roles(args) => roles::run(&args, &clock, out).await,
    }
}
