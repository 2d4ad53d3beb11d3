use clap::Args;
use settings::Env;
use store::{Credentials, Users};

use super::Error;
use crate::aws::{Connection, Target, find_table, table_names};

/// Arguments that select the account tables.
#[derive(Debug, Clone, Args)]
pub(super) struct TablesArgs {
    #[command(flatten)]
    pub(super) target: Target,
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
        let stack = args.target.stack();
        let mut names = Vec::new();
        if args.credentials_table.is_none() || args.users_table.is_none() {
            names = table_names(&client, &endpoint).await?;
        }
        let resolve = |given: &Option<String>, table: &'static str| match given {
            Some(given) => Ok(given.clone()),
            None => Ok::<_, Error>(find_table(&names, &stack, table, &endpoint)?),
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
