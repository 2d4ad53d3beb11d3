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

/// Arguments of `cloakroom users roles`.
#[derive(Debug, Args)]
pub(super) struct RolesArgs {
    /// E-mail address of the account
    #[arg(value_parser = Email::parse)]
    email: Email,
    /// Grant a role; may be repeated
    #[arg(long, value_name = "ROLE", value_parser = role())]
    set: Vec<Role>,
    /// Revoke a role; may be repeated
    #[arg(long, value_name = "ROLE", value_parser = role())]
    remove: Vec<Role>,
    #[command(flatten)]
    tables: TablesArgs,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom users roles ada@example.com --set admin --env prod
  cloakroom users roles ada@example.com --remove admin --env prod
  cloakroom users roles ada@example.com --env dev --local        (shows the roles)

New roles take effect at the next sign-in or refresh. Access tokens already issued keep their roles until they expire.";

/// How often the update is attempted when the account changes at the same time.
const MAX_ATTEMPTS: usize = 5;

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str))
        .try_map(|word| Role::parse(&word).ok_or("unknown role"))
}

pub(super) async fn run(
    args: &RolesArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let tables = Tables::open(&args.tables).await?;
    let no_account = || Error::NoAccount(format!("the address {}", args.email.display()));
    for _ in 0..MAX_ATTEMPTS {
        let credential = tables.credentials.find(&args.email).await?;
        let credential = credential.ok_or_else(no_account)?;
        let Some(user) = tables.users.find(credential.user_id).await? else {
            // The account was deleted between the two reads; the next attempt reports that.
            continue;
        };
        let wanted = wanted(&user.roles, args);
        let shown = args.email.canonical();
        if wanted == user.roles && wanted == credential.roles {
            return Ok(writeln!(out, "{shown} has {}", list_roles(&wanted))?);
        }
        let both = AccountTables {
            credentials: &tables.credentials,
            users: &tables.users,
        };
        match accounts::set_roles(both, &user, &wanted, clock.now()).await? {
            AccountChange::Changed => {
                let (now, before) = (list_roles(&wanted), list_roles(&user.roles));
                return Ok(writeln!(
                    out,
                    "{shown} has {now} from the next sign-in or refresh; before: {before}"
                )?);
            }
            AccountChange::Conflict => {}
        }
    }
    Err(Error::AccountKeepsChanging)
}

fn wanted(has: &Roles, args: &RolesArgs) -> Roles {
    let mut roles = has.clone();
    roles.extend(&args.set);
    roles.retain(|role| !args.remove.contains(role));
    roles
}

fn list_roles(roles: &Roles) -> String {
    if roles.is_empty() {
        return "no roles".to_owned();
    }
    let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    format!("the roles {}", names.join(", "))
}
