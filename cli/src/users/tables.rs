use clap::Args;
use settings::Env;
use store::{Credentials, Users};

use super::Error;
use crate::aws::{Connection, Target, one_with, table_names};

/// Where accounts are.
#[derive(Debug, Clone, Args)]
pub(super) struct TablesArgs {
    #[command(flatten)]
    pub(super) target: Target,
    /// The stack whose tables these are [default: cloakroom-{env}]
    #[arg(long)]
    stack: Option<String>,
    /// The table itself, instead of the stack's
    #[arg(long, value_name = "NAME", env = "CREDENTIALS_TABLE")]
    credentials_table: Option<String>,
    /// The table itself, instead of the stack's
    #[arg(long, value_name = "NAME", env = "USERS_TABLE")]
    users_table: Option<String>,
}

/// The two tables of an account.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    pub(super) credentials: Credentials,
    pub(super) users: Users,
}

impl Tables {
    pub(super) async fn open(args: &TablesArgs) -> Result<Self, Error> {
        let (client, endpoint) = Connection::open(&args.target).await?.dynamodb();
        let stack = args.stack.clone();
        let stack = stack.unwrap_or_else(|| args.target.env.stack());
        let mut there = Vec::new();
        if args.credentials_table.is_none() || args.users_table.is_none() {
            there = table_names(&client, &endpoint).await?;
        }
        let name = |given: &Option<String>, table: &'static str| match given {
            Some(given) => Ok(given.clone()),
            None => one_of(&there, &stack, table, &endpoint),
        };
        let credentials = name(&args.credentials_table, "CredentialsTable")?;
        let users = name(&args.users_table, "UsersTable")?;
        let env = Env::from([
            ("CREDENTIALS_TABLE", credentials.as_str()),
            ("USERS_TABLE", users.as_str()),
        ]);
        Ok(Self {
            credentials: Credentials::from_env(&env, &client)?,
            users: Users::from_env(&env, &client)?,
        })
    }
}

/// The stack's table among all that are there.
fn one_of(
    there: &[String],
    stack: &str,
    table: &'static str,
    endpoint: &str,
) -> Result<String, Error> {
    one_with(&format!("{stack}-{table}"), there).map_err(|fitting| {
        if fitting.is_empty() {
            Error::NoTable {
                stack: stack.to_owned(),
                table,
                endpoint: endpoint.to_owned(),
            }
        } else {
            Error::SeveralTables(fitting)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(there: &[&str]) -> Result<String, String> {
        let there: Vec<_> = there.iter().copied().map(str::to_owned).collect();
        one_of(&there, "cloakroom-dev", "UsersTable", "nowhere").map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_is_found_by_its_stack() {
        let one = "cloakroom-dev-UsersTable-1ABC";
        assert_eq!(
            found(&[
                "cloakroom-dev-UsersTableOld",
                one,
                "cloakroom-dev2-UsersTable-X"
            ])
            .unwrap(),
            one
        );
        let local = "cloakroom-dev-UsersTable";
        assert_eq!(found(&[local]).unwrap(), local);
    }

    #[test]
    fn none_and_several_are_told_by_name() {
        assert!(
            found(&["cloakroom-qa-UsersTable-1"])
                .unwrap_err()
                .contains("cloakroom-dev-UsersTable")
        );
        let (one, two) = ("cloakroom-dev-UsersTable-1", "cloakroom-dev-UsersTable-2");
        let error = found(&[one, two]).unwrap_err();
        assert!(error.contains(one) && error.contains(two), "{error}");
    }
}
