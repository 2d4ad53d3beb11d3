//! `cloakroom secrets`: makes, writes and lists the parameters that the functions read. Values are read from a pipe or
//! a hidden prompt and are never shown.

mod connect;
mod error;
mod init;
mod list;
mod put;
mod store;

use std::{io, process::ExitCode};

use auth::keys::{Algorithm, NewKey};
use clap::{Args, Subcommand, ValueEnum};
use domain::Clock;
use secrecy::ExposeSecret as _;

use self::{error::Error, store::Store};

/// Make, write and list the secrets that the functions read from Parameter Store
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SecretsArgs {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cloakroom secrets init --env dev
  cloakroom secrets init --env prod --alg EdDSA --profile operator --region eu-central-1
  pass show smtp | cloakroom secrets put smtp/password --env qa
  cloakroom secrets list --env prod

With the local system running, and its access key in the environment:
  cloakroom secrets list --env dev --region us-east-1 --endpoint-url http://127.0.0.1:3002";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the key that signs access tokens, unless there is one
    ///
    /// Writes the public half, then the private half, encrypted, under names that were free. Run again, it says
    /// what is already there; what an interrupted run left, it completes. It never overwrites.
    Init(init::InitArgs),
    /// Write one secret, read from a pipe or asked for without echo
    ///
    /// The value is never an argument: other users of the machine can read those, and shells remember them.
    Put(put::PutArgs),
    /// List names, types, versions and dates; never values
    List(list::ListArgs),
}

/// Which parameters, and how to reach them.
#[derive(Debug, Args)]
struct Target {
    /// The stage: parameters live under /cloakroom/{env}/
    #[arg(long, value_enum)]
    env: Stage,
    #[arg(long, help = "AWS region [default: AWS_REGION, then the profile's]")]
    region: Option<String>,
    #[arg(
        long,
        help = "Profile of ~/.aws/config, before any access key in the environment"
    )]
    profile: Option<String>,
    #[arg(
        long,
        value_name = "URL",
        help = "Another Parameter Store than AWS's [default: AWS_ENDPOINT_URL_SSM]"
    )]
    endpoint_url: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Stage {
    Dev,
    Qa,
    Prod,
}

impl Stage {
    /// The word on the command line.
    const fn word(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Qa => "qa",
            Self::Prod => "prod",
        }
    }

    /// Where its parameters live.
    fn path(self) -> String {
        format!("/cloakroom/{}", self.word())
    }
}

/// Runs the command to its end. What went wrong is said on stderr.
#[must_use]
pub fn run(args: SecretsArgs) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(args.command)),
        Err(error) => Err(Error::Io(error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough: `cloakroom secrets list | head -1`.
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> Result<(), Error> {
    let out = &mut io::stdout().lock();
    match command {
        Command::Init(args) => init::run(&args, &Clock::system(), out).await,
        Command::Put(args) => put::run(&args, out).await,
        Command::List(args) => list::run(&args, out).await,
    }
}

/// The parameters of a new ES256 signing key for the local system: full names and values.
///
/// # Panics
/// When the operating system has no random bytes; nothing works then.
#[must_use]
pub fn dev_signing_key(env: &str) -> Vec<(String, String)> {
    let key = NewKey::generate(Algorithm::ES256, Clock::system().now())
        .expect("the operating system has random bytes");
    [("public", &key.public), ("private", &key.private)]
        .map(|(half, value)| {
            let name = format!("/cloakroom/{env}/keys/{half}/{}", key.kid);
            (name, value.expose_secret().to_owned())
        })
        .into()
}

#[cfg(test)]
mod tests {
    use auth::keys::{SigningKeys, VerifyingKeys};
    use secrecy::SecretString;
    use settings::Parameters;

    use super::*;

    #[test]
    fn the_local_signing_key_is_one_that_the_functions_accept() {
        let seeded = dev_signing_key("dev").into_iter().map(|(name, value)| {
            let name = name.strip_prefix("/cloakroom/dev/").unwrap().to_owned();
            (name, SecretString::from(value))
        });
        let parameters = Parameters::new(seeded);
        let public = VerifyingKeys::from_parameters(parameters.under("keys/public")).unwrap();
        let private = SigningKeys::from_parameters(parameters.under("keys/private"), &public);
        let private = private.unwrap();
        let current = private.current(Clock::system().now()).unwrap();
        assert_eq!(current.algorithm(), Algorithm::ES256);
    }
}
