//! `cloakroom`: runs the local system and administers deployed stages.

mod aws;
mod command;
mod dev;
mod doctor;
mod env;
mod events;
mod function;
mod migrate;
mod openapi;
mod project;
mod queues;
mod secrets;
mod seed;
mod uploads;
mod users;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Accounts and file uploads: run them locally, administer them in AWS.
///
/// Without a command, `cloakroom` runs `cloakroom dev`: the whole system on this machine.
#[derive(Debug, Parser)]
#[command(name = "cloakroom", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    dev: dev::DevArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole system on this machine: API, functions, database, file store, secrets, mail
    Dev(dev::DevArgs),
    /// Write a new project: template, configuration of the stages, page
    New(project::NewArgs),
    /// Print the environment variables that point AWS tools at the running local system
    Env(env::EnvArgs),
    /// Create, write, rotate and list the secrets of a stage
    Secrets(secrets::SecretsArgs),
    /// Fill a development system with made-up people and files
    Seed(Box<seed::SeedArgs>),
    /// List, find, show, disable, delete, export and import users, and grant or revoke the administrator role
    Users(users::UsersArgs),
    /// Remove the lock of an uploaded file
    Uploads(uploads::UploadsArgs),
    /// Send events again, from the tables
    Events(events::EventsArgs),
    /// List the queues, show dead letters, and move them back
    Queues(queues::QueuesArgs),
    /// Change stored items to the shape that this version writes
    Migrate(migrate::MigrateArgs),
    /// Check a deployed stack or the running local system, and print how to correct what is wrong
    #[command(long_about = doctor::ABOUT)]
    Doctor(Box<doctor::DoctorArgs>),
    /// Print the API document (docs/openapi.json)
    Openapi(openapi::OpenapiArgs),
    /// Run one of the Lambda functions; `dev` starts its instances with this command
    #[command(hide = true)]
    Function(function::FunctionArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => dev::run(cli.dev),
        Some(Command::Dev(args)) => dev::run(args),
        Some(Command::New(args)) => project::run(&args),
        Some(Command::Env(args)) => env::run(&args),
        Some(Command::Secrets(args)) => secrets::run(args),
        Some(Command::Seed(args)) => seed::run(&args),
        Some(Command::Users(args)) => users::run(args),
        Some(Command::Uploads(args)) => uploads::run(args),
        Some(Command::Events(args)) => events::run(args),
        Some(Command::Queues(args)) => queues::run(args),
        Some(Command::Migrate(args)) => migrate::run(args),
        Some(Command::Doctor(args)) => doctor::run(*args),
        Some(Command::Openapi(args)) => openapi::run(&args),
        Some(Command::Function(args)) => function::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_dev_runs() {
        let cli = Cli::parse_from(["cloakroom", "--port", "0", "--ephemeral"]);
        assert!(cli.command.is_none());
        let cli = Cli::parse_from(["cloakroom", "dev", "--port", "0"]);
        assert!(matches!(cli.command, Some(Command::Dev(_))));
    }
}
