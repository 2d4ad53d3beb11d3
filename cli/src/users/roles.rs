use std::io::Write;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use domain::{Clock, Email, Role, Roles};
use store::{
    AccountTables,
    accounts::{self, AccountChange},
};

use super::{
    Error,
    tables::{Tables, TablesArgs},
};

/// `cloakroom users roles`.
#[derive(Debug, Args)]
pub(super) struct RolesArgs {
    /// Whose
    #[arg(value_parser = Email::parse)]
    email: Email,
    /// A role to give; may be repeated
    #[arg(long, value_name = "ROLE", value_parser = role())]
    set: Vec<Role>,
    /// A role to take away; may be repeated
    #[arg(long, value_name = "ROLE", value_parser = role())]
    remove: Vec<Role>,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom users roles ada@example.com --set admin --env prod
  cloakroom users roles ada@example.com --remove admin --env prod
  cloakroom users roles ada@example.com --env dev --local        (shows them)

Roles are in the tokens of the next sign-in or refresh. Access tokens that are out keep theirs until they expire.";

/// How often an account that changes meanwhile is read again.
const TRIES: usize = 5;

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new([Role::Admin.as_str()])
        .try_map(|word| Role::parse(&word).ok_or("no such role"))
}

pub(super) async fn run(
    args: &RolesArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let tables = Tables::open(&args.tables).await?;
    let no_account = || Error::NoAccount(args.email.display().to_owned());
    for _ in 0..TRIES {
        let credential = tables.credentials.find(&args.email).await?;
        let credential = credential.ok_or_else(no_account)?;
        let Some(user) = tables.users.find(credential.user_id).await? else {
            // Deleted between the two reads; the next one tells.
            continue;
        };
        let wanted = wanted(&user.roles, args);
        let shown = args.email.canonical();
        if wanted == user.roles && wanted == credential.roles {
            return Ok(writeln!(out, "{shown} has {}", words(&wanted))?);
        }
        let both = AccountTables {
            credentials: &tables.credentials,
            users: &tables.users,
        };
        match accounts::set_roles(both, &user, &wanted, clock.now()).await? {
            AccountChange::Changed => {
                let (now, before) = (words(&wanted), words(&user.roles));
                return Ok(writeln!(
                    out,
                    "{shown} has {now} from the next sign-in or refresh on; before: {before}"
                )?);
            }
            AccountChange::Conflict => {}
        }
    }
    Err(Error::Restless)
}

fn wanted(has: &Roles, args: &RolesArgs) -> Roles {
    let mut roles = has.clone();
    roles.extend(&args.set);
    roles.retain(|role| !args.remove.contains(role));
    roles
}

fn words(roles: &Roles) -> String {
    if roles.is_empty() {
        return "no roles".to_owned();
    }
    let words: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    format!("the roles {}", words.join(", "))
}
