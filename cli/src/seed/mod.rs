//! `cloakroom seed`: fills a system with made-up people, files, products and orders.

mod accounts;
mod error;
mod files;
mod images;
mod pdf;
mod people;
mod random;
mod resources;
mod sales;
mod shop;
mod uploads;
mod work;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use auth::password::{self, Cost, PasswordHash};
use clap::Args;
use domain::{Clock, Password};
use fake::rand::RngExt as _;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use self::{
    accounts::{Accounts, People},
    error::Error,
    random::{Purpose, generator},
    resources::Resources,
    sales::{Sales, Written},
    uploads::Files,
};
use crate::{
    aws::{Stage, Target},
    command,
};

/// The password of all accounts that are made up.
const PASSWORD: &str = "cloakroom development";
/// As the default of the template's parameter `BcryptCost`, so that no sign-in has to replace the hash.
const COST: u32 = 12;

/// Arguments of `cloakroom seed`.
#[derive(Debug, Args)]
#[command(long_about = ABOUT, after_help = EXAMPLES)]
pub struct SeedArgs {
    /// Number of accounts
    #[arg(long, default_value_t = 100)]
    users: usize,
    /// Number of files, of owners chosen at random
    #[arg(long, default_value_t = 50)]
    uploads: usize,
    /// Number of orders, of buyers and products chosen at random; fewer where one would repeat another
    #[arg(long, default_value_t = 100)]
    orders: usize,
    /// The same seed makes up the same people, files, products and orders
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// End of the year that sign-ups and files are spread over, such as 2026-01-01T00:00:00Z [default: that of an earlier run
    /// with this seed, or the beginning of this day in UTC]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<OffsetDateTime>,
    /// Allow the stage prod
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    target: Target,
}

const ABOUT: &str = "\
Fill a development system with made-up people, files, products and orders

One of five people sells products, and offers each of their files. Buyers order them: most orders are paid, and the stack's events \
then give the buyers their rights. No receipt is sent.

Names, profiles, addresses and files look real and depend on --seed alone, times also on --until: two empty systems get the same \
items, except for the version ids that S3 assigns. The addresses are at example.com, example.net and example.org, which get no \
mail. All accounts have the same password, which the command prints; so do not seed a stack whose accounts matter.

Running the command again changes nothing and adds what is missing. Existing accounts and files are not changed.";

const EXAMPLES: &str = "\
Examples:
  cloakroom seed --env dev --local
  cloakroom seed --env dev --local --users 100000 --uploads 0
  cloakroom seed --env qa --users 5000 --uploads 1000 --seed 42 --until 2026-01-01T00:00:00Z

Required permissions: dynamodb:ListTables; dynamodb:Scan on Users; dynamodb:GetItem, BatchGetItem, PutItem and BatchWriteItem on
Credentials and Users; dynamodb:GetItem, PutItem and UpdateItem on Uploads, Quotas, Products, Orders, SoldFiles and Limits;
s3:ListAllMyBuckets; s3:GetObject and s3:PutObject on the bucket.";

/// Runs the command and prints an error to stderr.
#[must_use]
pub fn run(args: &SeedArgs) -> ExitCode {
    command::run(seed(args, &Clock::system(), &mut io::stdout()))
}

async fn seed(args: &SeedArgs, clock: &Clock, out: &mut impl Write) -> Result<(), Error> {
    if matches!(args.target.env, Stage::Prod) && !args.force {
        return Err(Error::Prod(args.target.stack()));
    }
    if args.users == 0 && args.uploads > 0 {
        return Err(Error::NoOwners);
    }
    let resources = Resources::open(&args.target).await?;
    let people = People {
        seed: args.seed,
        count: args.users,
        until: until(args, &resources, clock).await?,
        hash: hash(args.seed).await?,
    };
    let accounts = accounts::write(&resources, &people).await?;
    let files = uploads::write(&resources, &people, args.uploads, clock).await?;
    let sales = sales::write(&resources, &people, (args.uploads, args.orders), clock).await?;
    Ok(report(&people, accounts, files, sales, out)?)
}

/// Returns the end of the year. The time of the first account of an earlier run gives it, so that the run repeats on another day.
async fn until(
    args: &SeedArgs,
    resources: &Resources,
    clock: &Clock,
) -> Result<OffsetDateTime, Error> {
    if let Some(until) = args.until {
        return Ok(until);
    }
    let today = clock.now().replace_time(time::Time::MIDNIGHT);
    let first = people::person(args.seed, 0, today)?;
    let Some(id) = resources.credentials.find_user_id(&first.email).await? else {
        return Ok(today);
    };
    let Some(existing) = resources.users.find(id).await? else {
        return Ok(today);
    };
    let earlier = existing.created_at + people::age_of_account(args.seed, 0);
    // An account of another origin may have the address.
    let is_own = people::person(args.seed, 0, earlier)?.id == id;
    Ok(if is_own { earlier } else { today })
}

/// Hashes the password with a salt of the seed, so that the hash repeats too.
async fn hash(seed: u64) -> Result<PasswordHash, Error> {
    let password = Password::parse(PASSWORD)?;
    let cost = Cost::new(COST).map_err(|_| Error::Refused("cost"))?;
    let salt = generator(seed, Purpose::Salt, 0).random();
    Ok(password::hash_with_salt(&password, cost, salt).await?)
}

fn parse_time(text: &str) -> Result<OffsetDateTime, &'static str> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok();
    // The precision of all stored times.
    let time = time.and_then(|time| time.checked_to_offset(UtcOffset::UTC));
    time.and_then(|time| time.replace_millisecond(time.millisecond()).ok())
        .filter(|time| time.year() > 1971)
        .ok_or("expected a time such as 2026-01-01T00:00:00Z")
}

fn report(
    people: &People,
    accounts: Accounts,
    files: Files,
    sales: Sales,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(
        out,
        "accounts: {} created, {} unchanged, {} skipped (another account has the address)",
        accounts.created, accounts.unchanged, accounts.taken
    )?;
    writeln!(
        out,
        "files: {} created, {} unchanged, {} skipped (no owner, or no room)",
        files.created, files.unchanged, files.skipped
    )?;
    for (what, written) in [("products", sales.products), ("orders", sales.orders)] {
        let Written {
            created,
            unchanged,
            skipped,
        } = written;
        writeln!(
            out,
            "{what}: {created} created, {unchanged} unchanged, {skipped} skipped (no person, file or product)"
        )?;
    }
    if let Ok(first) = people::person(people.seed, 0, people.until)
        && people.count > 0
    {
        writeln!(
            out,
            "All accounts have the password \"{PASSWORD}\". Sign in as {}, for example.",
            first.email.display()
        )?;
    }
    Ok(())
}
