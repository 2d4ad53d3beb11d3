use std::io::Write;

use clap::Args;

use super::{
    Error,
    tables::{Tables, TablesArgs},
    view,
};

/// Arguments of `cloakroom users list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The maximum number of users; 0 lists all
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Print one JSON object per line, as in the items of GET /admin/users
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom users list --env prod
  cloakroom users list --env prod --limit 0 --json | jq -r .email
  cloakroom users list --env dev --local

Required permissions: dynamodb:ListTables (unless --credentials-table and --users-table are given) and dynamodb:Query on the
index listing of Users.";

/// The users of one request.
const PAGE: usize = 500;

pub(super) async fn run(args: &ListArgs, out: &mut impl Write) -> Result<(), Error> {
    let tables = Tables::open(&args.tables).await?;
    let mut left = if args.limit == 0 {
        usize::MAX
    } else {
        args.limit
    };
    let mut before = None;
    loop {
        let limit = PAGE.min(left);
        let page = tables.users.list(before, limit).await?;
        view::print(&page, args.json, out)?;
        left -= page.len();
        before = page.last().map(|user| user.id);
        if page.len() < limit || left == 0 {
            return Ok(());
        }
    }
}
