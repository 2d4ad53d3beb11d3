//! `cloakroom`: the local system, and the operator's tool.

mod aws;
mod dev;
mod env;
mod function;
mod openapi;
mod secrets;
mod uploads;
mod users;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks people in and looks after what they bring.
///
/// Without a command, `cloakroom` is `cloakroom dev`: the whole system on this machine.
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
    /// Run the whole system on this machine: the API, the functions, the database, the secrets
    Dev(dev::DevArgs),
    /// Print the variables that lead AWS tools to the local system that runs
    Env(env::EnvArgs),
    /// Make, write, rotate and list the secrets of a stage
    Secrets(secrets::SecretsArgs),
    /// Bring in the users of another app, and say who is an administrator
    Users(users::UsersArgs),
    /// Lift the lock of an uploaded file
    Uploads(uploads::UploadsArgs),
    /// Print the API document (docs/openapi.json)
    Openapi(openapi::OpenapiArgs),
    /// Be one of the functions; what `dev` starts its instances with
    #[command(hide = true)]
    Function(function::FunctionArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => dev::run(cli.dev),
        Some(Command::Dev(args)) => dev::run(args),
        Some(Command::Env(args)) => env::run(&args),
        Some(Command::Secrets(args)) => secrets::run(args),
        Some(Command::Users(args)) => users::run(args),
        Some(Command::Uploads(args)) => uploads::run(args),
        Some(Command::Openapi(args)) => openapi::run(&args),
        Some(Command::Function(args)) => function::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_is_dev() {
        let cli = Cli::parse_from(["cloakroom", "--port", "0", "--ephemeral"]);
        assert!(cli.command.is_none());
        let cli = Cli::parse_from(["cloakroom", "dev", "--port", "0"]);
        assert!(matches!(cli.command, Some(Command::Dev(_))));
    }
}
