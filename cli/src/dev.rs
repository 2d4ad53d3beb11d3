//! `cloakroom dev`: the local system.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use local::{DevError, DevOptions};

use crate::secrets;

/// Where the local system runs and what it keeps.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DevArgs {
    /// Port of the API; the engines have the next five. 0 finds free ones
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Directory for data and endpoints.json [default: .cloakroom, or a temporary one if --ephemeral]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Keep data in memory: nothing outlives the process
    #[arg(long)]
    ephemeral: bool,
    /// Run built functions instead of this executable's own: DIR/<name>/bootstrap as `cargo lambda build` writes them
    /// (target/lambda), or DIR/<LogicalId>/bootstrap as `sam build` does (.aws-sam/build)
    #[arg(long, value_name = "DIR")]
    bootstraps: Option<PathBuf>,
    /// The stage: the template's parameter Env, and the second part of the secrets' path
    #[arg(long, default_value = "dev")]
    env: String,
    /// A parameter of the template; may be repeated
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = parse_parameter)]
    parameters: Vec<(String, String)>,
    /// The template; looked for in the directories above, too
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// Run no function by its schedule: it runs when it is invoked, and only then
    #[arg(long)]
    without_schedules: bool,
    /// Record the AWS calls of the functions, with the grants of the template that allow them: one file in DIR for each run
    #[arg(
        long,
        value_name = "DIR",
        env = "CLOAKROOM_RECORD_CALLS",
        hide_env_values = true
    )]
    record_calls: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  cloakroom dev
  cloakroom dev --port 0 --ephemeral
  cloakroom dev --parameter AllowedOrigins=http://localhost:5173 --parameter AccessTokenSeconds=60
  cloakroom dev --bootstraps target/lambda

The engines serve requests that are signed with the key in endpoints.json. `cloakroom env` gives it to a shell:
  eval \"$(cloakroom env)\"
  aws dynamodb list-tables

A function can be invoked past the API, like one that runs by events:
  aws lambda invoke --function-name UploadEventsFunction /dev/stdout";

/// Runs the system until it is told to stop.
pub fn run(args: DevArgs) -> ExitCode {
    match start(&args.into()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a terminal to tell, the exit code is all there is to say.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(options: &DevOptions) -> Result<(), DevError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| DevError::Io {
            what: "threads cannot be started",
            error,
        })?;
    let result = runtime.block_on(local::dev(options));
    runtime.shutdown_background();
    result
}

impl From<DevArgs> for DevOptions {
    fn from(args: DevArgs) -> Self {
        Self {
            port: args.port,
            data_dir: args.data_dir,
            ephemeral: args.ephemeral,
            bootstraps: args.bootstraps,
            env: args.env,
            parameters: BTreeMap::from_iter(args.parameters),
            template: args.template,
            schedules: !args.without_schedules,
            record_calls: args.record_calls,
            seed_parameters: secrets::dev_signing_key,
        }
    }
}

fn parse_parameter(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_a_key_and_a_value() {
        let parsed = parse_parameter("AllowedOrigins=http://a?b=c").unwrap();
        assert_eq!(parsed, ("AllowedOrigins".into(), "http://a?b=c".into()));
        assert!(parse_parameter("AllowedOrigins").is_err());
        assert!(parse_parameter("=x").is_err());
    }
}
