mod lines;
mod write;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::PathBuf,
};

use clap::Args;
use domain::Clock;

use self::{
    lines::{ImportedAccount, InvalidLine, parse_file},
    write::{Progress, write},
};
use super::{
    Error,
    tables::{Tables, TablesArgs},
};

/// Arguments of `cloakroom users import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// JSON Lines file, one account per line; - reads standard input
    file: PathBuf,
    /// Only check the file; write nothing and call no AWS service
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const ABOUT: &str = "\
Import accounts with their bcrypt hashes; users sign in with their existing passwords

Each line is a JSON object for one account:

  {\"email\": \"ada@example.com\", \"name\": \"Ada\", \"passwordHash\": \"$2a$10$...\",
   \"roles\": [\"admin\"], \"profile\": {\"city\": \"London\"}, \"createdAt\": \"2019-12-10T08:00:00Z\"}

roles, profile (as in POST /signup) and createdAt are optional. Hashes are $2a$, $2b$ or $2y$ with a cost from 4 to 16. \
A hash whose cost is not BcryptCost is replaced at the first sign-in.

The whole file is checked first: if any line is invalid, all errors are listed and nothing is written. Then each \
account is written in one transaction. Addresses that already have an account are skipped and listed; existing accounts \
are not changed. If the import is interrupted, run it again to finish.

A password over 71 bytes cannot be used to sign in, even though its hash is imported; see \
docs/adr/0023-import-keeps-hashes.md.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom users import users.jsonl --env dev --dry-run
  cloakroom users import users.jsonl --env prod --profile operator --region eu-central-1
  mongoexport --collection users | jq -c '{email, name, passwordHash: .password}' | cloakroom users import - --env dev --local

Required permissions: dynamodb:ListTables (unless --credentials-table and --users-table are given), dynamodb:PutItem on \
both tables and dynamodb:GetItem on Credentials.";

pub(super) async fn run(args: &ImportArgs, clock: &Clock) -> Result<(), Error> {
    let accounts = parse(&read_file(&args.file)?, clock)?;
    let all = accounts.len();
    if args.dry_run {
        let mut out = io::stdout();
        return Ok(writeln!(
            out,
            "{all} accounts can be imported. Nothing was written"
        )?);
    }
    let tables = Tables::open(&args.tables).await?;
    let progress = write(&tables, accounts).await;
    report(&progress)?;
    let done = progress.done();
    match progress.failed {
        Some(cause) => Err(Error::Stopped { cause, done, all }),
        None if done < all => Err(Error::Interrupted { done, all }),
        None => Ok(()),
    }
}

/// Reads the file, or standard input for `-`.
fn read_file(file: &PathBuf) -> Result<Vec<u8>, Error> {
    let mut contents = Vec::new();
    let read = if file.as_os_str() == "-" {
        io::stdin().lock().read_to_end(&mut contents).map(drop)
    } else {
        fs::read(file).map(|read| contents = read)
    };
    match read {
        Ok(()) => Ok(contents),
        Err(error) => Err(Error::Unreadable(file.display().to_string(), error)),
    }
}

/// Parses all accounts of the file. Prints every problem to stderr when a line is invalid.
fn parse(contents: &[u8], clock: &Clock) -> Result<Vec<ImportedAccount>, Error> {
    let (accounts, bad) = parse_file(contents, clock.now());
    if bad.is_empty() {
        return Ok(accounts);
    }
    let mut out = io::stderr().lock();
    for InvalidLine { number, problems } in &bad {
        for problem in problems {
            writeln!(out, "line {number}: {problem}")?;
        }
    }
    Err(Error::BadLines {
        bad: bad.len(),
        lines: accounts.len() + bad.len(),
    })
}

/// Prints the skipped lines to stderr and the totals to stdout.
fn report(progress: &Progress) -> io::Result<()> {
    let mut skipped = progress.skipped.clone();
    skipped.sort_unstable();
    for line in skipped {
        writeln!(
            io::stderr(),
            "line {line}: skipped. An account with this address has a different hash (another password, or a sign-in since)"
        )?;
    }
    writeln!(
        io::stdout(),
        "{} imported, {} already imported, {} skipped",
        progress.created,
        progress.unchanged,
        progress.skipped.len()
    )
}
