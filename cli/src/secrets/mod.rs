//! `cloakroom secrets`: creates, writes, rotates and lists the secrets and keys that the functions read. Values are read
//! from standard input or a hidden prompt and are never printed.

mod entry;
mod error;
mod init;
mod keyring;
mod list;
mod migrate;
mod parameters;
mod public_keys;
mod put;
mod retire;
mod rotate;
mod state;
mod store;

use std::{io, process::ExitCode};

use auth::keys::{Algorithm, NewKey};
use clap::{Args, Subcommand};
use domain::Clock;
use local::Seeded;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{aws::parameter_path, command};

pub use self::state::{KeyState, KeyStateError, key_state};

use self::{error::Error, store::Store};

/// Create, write, rotate and list the secrets and keys that the functions read
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
  pass show stripe | cloakroom secrets put stripe/api-key --env prod
  cloakroom secrets put stripe/webhook-secrets --env prod
  cloakroom secrets list --env prod
  cloakroom secrets rotate-signing-key --env prod
  cloakroom secrets retire-keys --env prod
  cloakroom secrets init --env dev --stack cloakroom-preview-42

For the running local system:
  cloakroom secrets list --env dev --local";

#[derive(Debug, Subcommand)]
enum Command {
    /// Create the signing key for access tokens, unless one exists
    ///
    /// Writes the public key to the stack's table, then the private key to Parameter Store, both encrypted, under new
    /// names. It never overwrites. Running it again lists what exists and completes an interrupted run.
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
    /// Copy the secrets of a stack that was deployed before each stack had its own path
    ///
    /// Copies the parameters under /cloakroom/{env} to the path of the stack, and the public keys to its table. It never
    /// overwrites and deletes nothing. Running it again completes an interrupted run.
    Migrate(migrate::MigrateArgs),
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
        Command::Migrate(args) => migrate::run(&args, out).await,
        Command::RetireKeys(args) => retire::run(&args, &Clock::system(), out).await,
    }
}

/// Generates an ES256 signing key for the local system: the parameter and the item of a table that hold it.
///
/// # Panics
/// When the operating system cannot provide random bytes.
#[must_use]
pub fn dev_signing_key(stack: &str) -> Seeded {
    let key = NewKey::generate(Algorithm::ES256, Clock::system().now())
        .expect("the operating system provides random bytes");
    let name = format!("{}/keys/private/{}", parameter_path(stack), key.kid);
    let item = json!({
        "kid": {"S": key.kid},
        "value": {"S": key.public.expose_secret()},
        "version": {"N": "1"},
    });
    Seeded {
        parameters: vec![(name, key.private.expose_secret().to_owned())],
        items: vec![("PublicKeysTable".to_owned(), item)],
    }
}

#[cfg(test)]
mod tests {
    use auth::keys::{SigningKeys, VerifyingKeys};
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn the_functions_accept_the_local_signing_key() {
        let Seeded { parameters, items } = dev_signing_key("cloakroom-dev");
        let [(table, item)] = items.as_slice() else {
            panic!("one item")
        };
        assert_eq!(table, "PublicKeysTable");
        let text = |name: &str| item[name]["S"].as_str().unwrap();
        let value = SecretString::from(text("value"));
        let public = VerifyingKeys::from_parameters([(text("kid"), &value)]).unwrap();
        let [(name, value)] = parameters.as_slice() else {
            panic!("one parameter")
        };
        let kid = name.strip_prefix("/cloakroom/cloakroom-dev/keys/private/");
        let value = SecretString::from(value.as_str());
        let private = SigningKeys::from_parameters([(kid.unwrap(), &value)], &public).unwrap();
        let current = private.current(Clock::system().now()).unwrap();
        assert_eq!(current.algorithm(), Algorithm::ES256);
    }
}
