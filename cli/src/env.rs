//! `cloakroom env`: prints the environment variables that point AWS tools at the local system.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use local::Endpoints;

use crate::aws;

/// Arguments of `cloakroom env`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EnvArgs {
    /// Data directory of the running local system
    #[arg(long, value_name = "DIR", default_value = ".cloakroom")]
    data_dir: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  eval \"$(cloakroom env)\"
  aws dynamodb list-tables
  sam local invoke SignupFunction -e events/signup.json

The variables include a secret access key. They replace your AWS account's credentials in this shell.";

/// Prints the variables as POSIX shell commands.
pub fn run(args: &EnvArgs) -> ExitCode {
    let printed = match aws::endpoints(&args.data_dir) {
        Ok(endpoints) => io::stdout().write_all(commands(&endpoints).as_bytes()),
        Err(error) => {
            // If stderr is closed, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "error: {error}");
            return ExitCode::FAILURE;
        }
    };
    printed.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn commands(endpoints: &Endpoints) -> String {
    let variables = [
        ("AWS_ACCESS_KEY_ID", &endpoints.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &endpoints.secret_access_key),
        ("AWS_REGION", &endpoints.region),
        ("AWS_DEFAULT_REGION", &endpoints.region),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", &endpoints.eventbridge),
        ("AWS_ENDPOINT_URL_LAMBDA", &endpoints.lambda),
        ("AWS_ENDPOINT_URL_S3", &endpoints.s3),
        ("AWS_ENDPOINT_URL_SESV2", &endpoints.ses),
        ("AWS_ENDPOINT_URL_SQS", &endpoints.sqs),
        ("AWS_ENDPOINT_URL_SSM", &endpoints.ssm),
    ];
    let exports = variables
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", quoted(value)));
    // A session token belongs to another access key; the engines reject it.
    exports
        .chain(["unset AWS_SESSION_TOKEN\n".to_owned()])
        .collect()
}

/// Quotes `text` as one shell word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_as_one_shell_word() {
        assert_eq!(quoted("http://127.0.0.1:3001"), "'http://127.0.0.1:3001'");
        assert_eq!(quoted("a'; b"), r"'a'\''; b'");
    }
}
