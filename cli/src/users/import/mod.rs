mod line;
mod write;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::PathBuf,
};

use clap::Args;
use domain::Clock;

use self::{
    line::{Account, BadLine, read},
    write::{Written, write},
};
use super::{
    Error,
    tables::{Tables, TablesArgs},
};

/// `cloakroom users import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// JSON lines; - reads them from the standard input
    file: PathBuf,
    /// Check the file, and write nothing; asks no AWS service
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const ABOUT: &str = "\
Bring in accounts with the bcrypt hashes they have: their owners just sign in

One JSON object a line, for one account:

  {\"email\": \"ada@example.com\", \"name\": \"Ada\", \"passwordHash\": \"$2a$10$...\",
   \"roles\": [\"admin\"], \"profile\": {\"city\": \"London\"}, \"createdAt\": \"2019-12-10T08:00:00Z\"}

roles, profile (as in POST /signup) and createdAt are optional. Hashes are $2a$, $2b$ or $2y$ with a cost from 4 to 16; \
at the first sign-in a hash of another cost than BcryptCost becomes one of that.

The whole file is checked first: if anything is wrong with any line, all of it is listed and nothing is written. Then \
each account is written in one transaction. An address that has an account already is skipped and listed, and what is \
there is not changed, so an import that was interrupted is finished by running it again.

A password over 71 bytes can't be used to sign in, even though its old hash is taken over; see \
docs/adr/0023-import-keeps-hashes.md.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom users import users.jsonl --env dev --dry-run
  cloakroom users import users.jsonl --env prod --profile operator --region eu-central-1
  mongoexport --collection users | jq -c '{email, name, passwordHash: .password}' | cloakroom users import - --env dev --local

It needs dynamodb:ListTables (or --credentials-table and --users-table), PutItem on both tables and GetItem on \
Credentials.";

pub(super) async fn run(args: &ImportArgs, clock: &Clock) -> Result<(), Error> {
    let accounts = check(&contents(&args.file)?, clock)?;
    let all = accounts.len();
    if args.dry_run {
        let mut out = io::stdout();
        return Ok(writeln!(
            out,
            "{all} accounts can be imported; nothing was written"
        )?);
    }
    let tables = Tables::open(&args.tables).await?;
    let written = write(&tables, accounts).await;
    report(&written)?;
    let done = written.done();
    match written.failed {
        Some(cause) => Err(Error::Stopped { cause, done, all }),
        None if done < all => Err(Error::Interrupted { done, all }),
        None => Ok(()),
    }
}

fn contents(file: &PathBuf) -> Result<Vec<u8>, Error> {
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

/// All accounts of the file, or everything that is wrong with it, on stderr.
fn check(contents: &[u8], clock: &Clock) -> Result<Vec<Account>, Error> {
    let (accounts, bad) = read(contents, clock.now());
    if bad.is_empty() {
        return Ok(accounts);
    }
    let mut out = io::stderr().lock();
    for BadLine { number, problems } in &bad {
        for problem in problems {
            writeln!(out, "line {number}: {problem}")?;
        }
    }
    Err(Error::BadLines {
        bad: bad.len(),
        lines: accounts.len() + bad.len(),
    })
}

fn report(written: &Written) -> io::Result<()> {
    let mut skipped = written.taken.clone();
    skipped.sort_unstable();
    for line in skipped {
        writeln!(
            io::stderr(),
            "line {line}: skipped, there is an account with this address and another hash (another password, or signed in since)"
        )?;
    }
    writeln!(
        io::stdout(),
        "{} imported, {} already there, {} skipped",
        written.created,
        written.unchanged,
        written.taken.len()
    )
}
