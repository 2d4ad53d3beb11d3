//! `cloakroom secrets`: makes, writes, rotates and lists the parameters that the functions read. Values are read from a pipe or
//! a hidden prompt and are never shown.

mod error;
mod init;
mod keyring;
mod list;
mod put;
mod retire;
mod rotate;
mod store;

use std::{io, process::ExitCode};

use auth::keys::{Algorithm, NewKey};
use clap::{Args, Subcommand};
use domain::Clock;
use secrecy::ExposeSecret as _;

use self::{error::Error, store::Store};

/// Make, write, rotate and list the secrets that the functions read from Parameter Store
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

With the local system running:
  cloakroom secrets list --env dev --local";

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
    /// List names, types, versions, dates, and what each key is doing; never values
    List(list::ListArgs),
    /// Replace the key that signs access tokens, without a deployment and without signing anybody out
    #[command(long_about = rotate::ABOUT, after_help = rotate::EXAMPLES)]
    RotateSigningKey(rotate::RotateArgs),
    /// Remove the keys that nobody needs any more
    ///
    /// Private halves go once a newer key signs, public halves once the last token signed with them has expired; never
    /// earlier. `rotate-signing-key` does the same when it begins.
    RetireKeys(retire::RetireArgs),
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
        Command::List(args) => list::run(&args, &Clock::system(), out).await,
        Command::RotateSigningKey(args) => rotate::run(&args, &Clock::system(), out).await,
        Command::RetireKeys(args) => retire::run(&args, &Clock::system(), out).await,
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
