//! `cloakroom secrets`: creates, writes, rotates and lists the SSM parameters that the functions read. Values are read
//! from standard input or a hidden prompt and are never printed.

mod error;
mod init;
mod keyring;
mod list;
mod put;
mod retire;
mod rotate;
mod state;
mod store;

use std::{io, process::ExitCode};

use auth::keys::{Algorithm, NewKey};
use clap::{Args, Subcommand};
use domain::Clock;
use secrecy::ExposeSecret as _;

use crate::command;

pub use self::state::{KeyState, KeyStateError, key_state};

use self::{error::Error, store::Store};

/// Create, write, rotate and list the secrets that the functions read from Parameter Store
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
  cloakroom secrets rotate-signing-key --env prod
  cloakroom secrets retire-keys --env prod

For the running local system:
  cloakroom secrets list --env dev --local";

#[derive(Debug, Subcommand)]
enum Command {
    /// Create the signing key for access tokens, unless one exists
    ///
    /// Writes the public key, then the private key, both encrypted, under new names. It never overwrites. Running it
    /// again lists what exists and completes an interrupted run.
    Init(init::InitArgs),
    /// Write one secret, read from standard input or a hidden prompt
    ///
    /// The value is not an argument, because other users of the machine can see arguments and shells record them.
    Put(put::PutArgs),
    /// List names, types, versions, dates and the state of each key; values are not shown
    List(list::ListArgs),
    /// Replace the signing key for access tokens without a deployment; all users stay signed in
    #[command(long_about = rotate::ABOUT, after_help = rotate::EXAMPLES)]
    RotateSigningKey(rotate::RotateArgs),
    /// Delete keys that are no longer needed
    ///
    /// Deletes a private key once a newer key signs, and a public key once the last token signed with it has expired.
    /// `rotate-signing-key` also does this first.
    RetireKeys(retire::RetireArgs),
}

/// Runs the command and prints an error to stderr.
#[must_use]
pub fn run(args: SecretsArgs) -> ExitCode {
    command::run(dispatch(args.command))
}

async fn dispatch(command: Command) -> Result<(), Error> {
    let out = &mut io::stdout().lock();
    match command {
        Command::Init(args) => init::run(&args, &Clock::system(), out).await,
        Command::Put(args) => put::run(&args, out).await,
        Command::List(args) => list::run(&args, &Clock::system(), out).await,
        Command::RotateSigningKey(args) => rotate::run(&args, &Clock::system(), out).await,
        Command::RetireKeys(args) => retire::run(&args, &Clock::system(), out).await,
    }
}

/// Generates an ES256 signing key for the local system and returns its SSM parameters: full names and values.
///
/// # Panics
/// When the operating system cannot provide random bytes.
#[must_use]
pub fn dev_signing_key(env: &str) -> Vec<(String, String)> {
    let key = NewKey::generate(Algorithm::ES256, Clock::system().now())
        .expect("the operating system provides random bytes");
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
    fn the_functions_accept_the_local_signing_key() {
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
