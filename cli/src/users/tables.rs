use clap::Args;
use settings::Env;
use store::{Credentials, MailBlocks, ReadGrants, Sessions, Uploads, Users};

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

/// All tables with data of a person.
#[derive(Debug, Clone)]
pub(super) struct PersonTables {
    pub(super) accounts: Tables,
    pub(super) sessions: Sessions,
    pub(super) uploads: Uploads,
    pub(super) read_grants: ReadGrants,
    pub(super) mail_blocks: MailBlocks,
}

impl Tables {
    pub(super) async fn open(args: &TablesArgs) -> Result<Self, Error> {
        let (client, endpoint) = Connection::open(&args.target).await?.dynamodb();
        let mut names = Vec::new();
        if args.credentials_table.is_none() || args.users_table.is_none() {
            names = table_names(&client, &endpoint).await?;
        }
        Self::resolve(args, &names, &client, &endpoint)
    }

    fn resolve(
        args: &TablesArgs,
        names: &[String],
        client: &aws_sdk_dynamodb::Client,
        endpoint: &str,
    ) -> Result<Self, Error> {
        let stack = args.target.stack();
        let resolve = |given: &Option<String>, table: &'static str| match given {
            Some(given) => Ok(given.clone()),
            None => Ok::<_, Error>(find_table(names, &stack, table, endpoint)?),
        };
        let credentials = resolve(&args.credentials_table, "CredentialsTable")?;
        let users = resolve(&args.users_table, "UsersTable")?;
        let env = Env::from([
            ("CREDENTIALS_TABLE", credentials.as_str()),
            ("USERS_TABLE", users.as_str()),
        ]);
        Ok(Self {
            credentials: Credentials::from_env(&env, client)?,
            users: Users::from_env(&env, client)?,
        })
    }
}

impl PersonTables {
    pub(super) async fn open(args: &TablesArgs) -> Result<Self, Error> {
        let (client, endpoint) = Connection::open(&args.target).await?.dynamodb();
        let names = table_names(&client, &endpoint).await?;
        let stack = args.target.stack();
        let find = |table: &'static str| find_table(&names, &stack, table, &endpoint);
        let env = Env::from([
            ("SESSIONS_TABLE", find("SessionsTable")?.as_str()),
            ("UPLOADS_TABLE", find("UploadsTable")?.as_str()),
            ("QUOTAS_TABLE", find("QuotasTable")?.as_str()),
            ("READ_GRANTS_TABLE", find("ReadGrantsTable")?.as_str()),
            ("MAIL_BLOCKS_TABLE", find("MailBlocksTable")?.as_str()),
            // The commands only read counters, so the limit does not matter.
            ("UPLOAD_QUOTA_BYTES", "0"),
        ]);
        Ok(Self {
            accounts: Tables::resolve(args, &names, &client, &endpoint)?,
            sessions: Sessions::from_env(&env, &client)?,
            uploads: Uploads::from_env(&env, &client)?,
            read_grants: ReadGrants::from_env(&env, &client)?,
            mail_blocks: MailBlocks::from_env(&env, &client)?,
        })
    }
}
