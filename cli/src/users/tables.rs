use clap::Args;
use settings::Env;
use store::{Credentials, Users};

use super::Error;
use crate::aws::{Connection, Target, find_by_prefix, table_names};

/// Arguments that select the account tables.
#[derive(Debug, Clone, Args)]
pub(super) struct TablesArgs {
    #[command(flatten)]
    pub(super) target: Target,
    /// Stack that the tables belong to [default: cloakroom-{env}]
    #[arg(long)]
    stack: Option<String>,
    /// Name of the Credentials table, instead of the stack's table
    #[arg(long, value_name = "NAME", env = "CREDENTIALS_TABLE")]
    credentials_table: Option<String>,
    /// Name of the Users table, instead of the stack's table
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
        let mut names = Vec::new();
        if args.credentials_table.is_none() || args.users_table.is_none() {
            names = table_names(&client, &endpoint).await?;
        }
        let resolve = |given: &Option<String>, table: &'static str| match given {
            Some(given) => Ok(given.clone()),
            None => find_table(&names, &stack, table, &endpoint),
        };
        let credentials = resolve(&args.credentials_table, "CredentialsTable")?;
        let users = resolve(&args.users_table, "UsersTable")?;
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

/// Finds the stack's table among the names of all tables.
fn find_table(
    names: &[String],
    stack: &str,
    table: &'static str,
    endpoint: &str,
) -> Result<String, Error> {
    find_by_prefix(&format!("{stack}-{table}"), names).map_err(|matching| {
        if matching.is_empty() {
            Error::NoTable {
                stack: stack.to_owned(),
                table,
                endpoint: endpoint.to_owned(),
            }
        } else {
            Error::SeveralTables(matching)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str]) -> Result<String, String> {
        let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
        find_table(&names, "cloakroom-dev", "UsersTable", "nowhere")
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_is_found_by_its_stack_name() {
        let one = "cloakroom-dev-UsersTable-1ABC";
        assert_eq!(
            find(&[
                "cloakroom-dev-UsersTableOld",
                one,
                "cloakroom-dev2-UsersTable-X"
            ])
            .unwrap(),
            one
        );
        let local = "cloakroom-dev-UsersTable";
        assert_eq!(find(&[local]).unwrap(), local);
    }

    #[test]
    fn no_table_and_several_tables_are_errors_with_their_names() {
        assert!(
            find(&["cloakroom-qa-UsersTable-1"])
                .unwrap_err()
                .contains("cloakroom-dev-UsersTable")
        );
        let (one, two) = ("cloakroom-dev-UsersTable-1", "cloakroom-dev-UsersTable-2");
        let error = find(&[one, two]).unwrap_err();
        assert!(error.contains(one) && error.contains(two), "{error}");
    }
}
