//! `cloakroom function <name>`: this executable as one of the functions.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

/// Which function to be.
#[derive(Debug, Args)]
pub struct FunctionArgs {
    name: Name,
}

/// The functions, by the names of their binaries.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    Account,
    Admin,
    Keys,
    Mailer,
    Recovery,
    Session,
    Signin,
    Signup,
    UploadEvents,
    UploadLocks,
    Uploads,
    Users,
}

/// Runs the function until its Runtime API goes away.
pub fn run(args: &FunctionArgs) -> ExitCode {
    match args.name {
        Name::Account => account::main(),
        Name::Admin => admin::main(),
        Name::Keys => keys::main(),
        Name::Mailer => mailer::main(),
        Name::Recovery => recovery::main(),
        Name::Session => session::main(),
        Name::Signin => signin::main(),
        Name::Signup => signup::main(),
        Name::UploadEvents => upload_events::main(),
        Name::UploadLocks => upload_locks::main(),
        Name::Uploads => uploads::main(),
        Name::Users => users::main(),
    }
}
