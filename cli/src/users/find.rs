use std::io::Write;

use clap::Args;
use domain::{Email, NamePrefix, User};

use super::{
    Error,
    tables::{Tables, TablesArgs},
    view,
};

/// Arguments of `cloakroom users find`.
#[derive(Debug, Args)]
pub(super) struct FindArgs {
    /// E-mail address, or the beginning of a name: at least two characters
    #[arg(value_name = "EMAIL|NAME", value_parser = Wanted::parse)]
    wanted: Wanted,
    /// The maximum number of users; 0 lists all
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Print one JSON object per line, as in the items of GET /admin/users
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const ABOUT: &str = "\
Find users by e-mail address or by the beginning of the name

A text with an @ is an address. Names are compared without case, accents and invisible characters: jose finds José. The exit code is \
1 if no user is found.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom users find ada@example.com --env prod
  cloakroom users find \"ada l\" --env prod --json
  cloakroom users find jos --env dev --local

Required permissions: dynamodb:ListTables (unless --credentials-table and --users-table are given), dynamodb:GetItem on
Credentials and Users, and dynamodb:Query on the index names of Users.";

/// The users of one request.
const PAGE: usize = 500;

/// What is searched for.
#[derive(Debug, Clone)]
enum Wanted {
    Email(Email),
    Name(NamePrefix),
}

impl Wanted {
    fn parse(text: &str) -> Result<Self, domain::Invalid> {
        if text.contains('@') {
            Email::parse(text).map(Self::Email)
        } else {
            NamePrefix::parse(text).map(Self::Name)
        }
    }
}

pub(super) async fn run(args: &FindArgs, out: &mut impl Write) -> Result<(), Error> {
    let tables = Tables::open(&args.tables).await?;
    match &args.wanted {
        Wanted::Email(email) => {
            let user = find_by_email(&tables, email).await?;
            let user =
                user.ok_or_else(|| Error::NoAccount(format!("the address {}", email.display())))?;
            Ok(view::print(&[user], args.json, out)?)
        }
        Wanted::Name(prefix) => find_by_name(&tables, prefix, args, out).await,
    }
}

async fn find_by_email(tables: &Tables, email: &Email) -> Result<Option<User>, Error> {
    Ok(match tables.credentials.find_user_id(email).await? {
        Some(id) => tables.users.find(id).await?,
        None => None,
    })
}

async fn find_by_name(
    tables: &Tables,
    prefix: &NamePrefix,
    args: &FindArgs,
    out: &mut impl Write,
) -> Result<(), Error> {
    let mut left = if args.limit == 0 {
        usize::MAX
    } else {
        args.limit
    };
    let mut after = None;
    loop {
        let limit = PAGE.min(left);
        let page = tables
            .users
            .find_by_name(prefix, after.as_ref(), limit)
            .await?;
        if page.is_empty() && after.is_none() {
            return Err(Error::NoName(prefix.as_str().to_owned()));
        }
        left -= page.len();
        after = page.last().map(|found| found.key.clone());
        let is_last = page.len() < limit || left == 0;
        let users: Vec<_> = page.into_iter().map(|found| found.user).collect();
        view::print(&users, args.json, out)?;
        if is_last {
            return Ok(());
        }
    }
}
