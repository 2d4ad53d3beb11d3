//! `cloakroom function <name>`: runs one of the Lambda functions in this executable.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

/// Arguments of `cloakroom function`.
#[derive(Debug, Args)]
pub struct FunctionArgs {
    name: FunctionName,
}

/// The functions, by the names of their binaries.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FunctionName {
    Account,
    Admin,
    EventRelay,
    Export,
    Keys,
    Library,
    MailFeedback,
    Mailer,
    Orders,
    Products,
    Recovery,
    Session,
    Signin,
    Signup,
    UploadEvents,
    UploadGrants,
    UploadLocks,
    Uploads,
    Users,
    WebhookDeliver,
    Webhooks,
}

/// How many functions there are.
#[cfg(test)]
pub const COUNT: usize = FunctionName::Webhooks as usize + 1;

/// Runs the function until its Runtime API closes.
pub fn run(args: &FunctionArgs) -> ExitCode {
    match args.name {
        FunctionName::Account => account::main(),
        FunctionName::Admin => admin::main(),
        FunctionName::EventRelay => event_relay::main(),
        FunctionName::Export => export::main(),
        FunctionName::Keys => keys::main(),
        FunctionName::Library => library::main(),
        FunctionName::MailFeedback => mail_feedback::main(),
        FunctionName::Mailer => mailer::main(),
        FunctionName::Orders => orders::main(),
        FunctionName::Products => products::main(),
        FunctionName::Recovery => recovery::main(),
        FunctionName::Session => session::main(),
        FunctionName::Signin => signin::main(),
        FunctionName::Signup => signup::main(),
        FunctionName::UploadEvents => upload_events::main(),
        FunctionName::UploadGrants => upload_grants::main(),
        FunctionName::UploadLocks => upload_locks::main(),
        FunctionName::Uploads => uploads::main(),
        FunctionName::Users => users::main(),
        FunctionName::WebhookDeliver => webhook_deliver::main(),
        FunctionName::Webhooks => webhooks::main(),
    }
}
