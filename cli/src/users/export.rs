use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use domain::Clock;

use super::{
    Error,
    account::AccountArg,
    person::Export,
    tables::{PersonTables, TablesArgs},
};

/// Arguments of `cloakroom users export`.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Id of the user, or e-mail address of the account
    #[arg(value_name = "ID|EMAIL", value_parser = AccountArg::parse)]
    account: AccountArg,
    /// File to create, readable only by you; an existing file is not replaced [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const ABOUT: &str = "\
Write what is stored about a person as one JSON document

It contains the account with profile and roles, the sessions, the uploads with their metadata and S3 keys, the read grants given and \
received, and whether mail is blocked. It does not contain password hashes, tokens and keys, the contents of files, and items \
that expire within 25 hours: counts of requests, responses to repeated requests, mail orders and mailed links.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom users export ada@example.com --env prod --output ada.json
  cloakroom users export ada@example.com --env dev --local | jq .uploads

The command reads the whole ReadGrants table to find the grants that the person received.

Required permissions: dynamodb:ListTables, dynamodb:GetItem on Credentials, Users, Quotas and MailBlocks, dynamodb:Query on Sessions,
Uploads and ReadGrants, and dynamodb:Scan on ReadGrants.";

pub(super) async fn run(
    args: &ExportArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let tables = PersonTables::open(&args.tables).await?;
    let export = Export::read(&tables, &args.account, clock.now()).await?;
    let document = serde_json::to_string_pretty(&export).map_err(io::Error::from)? + "\n";
    match &args.output {
        Some(file) => create(file, &document)
            .map_err(|error| Error::Unwritable(file.display().to_string(), error)),
        None => Ok(out.write_all(document.as_bytes())?),
    }
}

/// Creates a file that only its owner can read.
fn create(file: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}
