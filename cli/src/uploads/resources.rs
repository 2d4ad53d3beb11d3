use aws_sdk_s3::Client;
use clap::Args;
use settings::Env;
use store::UploadRecords;

use super::{Error, files::Files};
use crate::aws::{AwsError, Connection, Target, one_with, table_names};

/// Where uploads are.
#[derive(Debug, Clone, Args)]
pub(super) struct StoresArgs {
    #[command(flatten)]
    target: Target,
    /// The stack whose uploads these are [default: cloakroom-{env}]
    #[arg(long)]
    stack: Option<String>,
    /// The table itself, instead of the stack's
    #[arg(long, value_name = "NAME", env = "UPLOADS_TABLE")]
    uploads_table: Option<String>,
    /// The bucket itself, instead of the stack's
    #[arg(long, value_name = "NAME", env = "UPLOADS_BUCKET")]
    bucket: Option<String>,
}

/// The records and the files of uploads.
#[derive(Debug, Clone)]
pub(super) struct Stores {
    pub(super) uploads: UploadRecords,
    pub(super) table: String,
    pub(super) files: Files,
}

impl Stores {
    pub(super) async fn open(args: &StoresArgs) -> Result<Self, Error> {
        let connection = Connection::open(&args.target).await?;
        let stack = args.stack.clone();
        let stack = stack.unwrap_or_else(|| args.target.env.stack());
        let (dynamodb, endpoint) = connection.dynamodb();
        let table = if let Some(given) = &args.uploads_table {
            given.clone()
        } else {
            let names = table_names(&dynamodb, &endpoint).await?;
            find(&TABLE, &stack, &names, &endpoint)?
        };
        let (client, endpoint) = connection.s3();
        let bucket = if let Some(given) = &args.bucket {
            given.clone()
        } else {
            let names = bucket_names(&client, &endpoint).await?;
            find(&BUCKET, &stack, &names, &endpoint)?
        };
        let env = Env::from([("UPLOADS_TABLE", table.as_str())]);
        Ok(Self {
            uploads: UploadRecords::from_env(&env, &dynamodb)?,
            table,
            files: Files {
                client,
                bucket,
                endpoint,
            },
        })
    }
}

/// A resource of the stack.
struct Resource {
    what: &'static str,
    /// What follows the stack's name in its own.
    name: &'static str,
    option: &'static str,
}

const TABLE: Resource = Resource {
    what: "table",
    name: "UploadsTable",
    option: "--uploads-table",
};
/// The names of buckets have no capitals.
const BUCKET: Resource = Resource {
    what: "bucket",
    name: "uploadsbucket",
    option: "--bucket",
};

fn find(
    resource: &Resource,
    stack: &str,
    names: &[String],
    endpoint: &str,
) -> Result<String, Error> {
    let prefix = format!("{stack}-{}", resource.name);
    one_with(&prefix, names).map_err(|names| {
        if names.is_empty() {
            Error::NotFound {
                what: resource.what,
                stack: stack.to_owned(),
                resource: resource.name,
                endpoint: endpoint.to_owned(),
                option: resource.option,
            }
        } else {
            let option = resource.option;
            Error::Ambiguous { names, option }
        }
    })
}

/// The names of all buckets of the account.
async fn bucket_names(client: &Client, endpoint: &str) -> Result<Vec<String>, Error> {
    let listed = client.list_buckets().send().await;
    let listed =
        listed.map_err(|error| AwsError::of_call("s3:ListAllMyBuckets", "*", endpoint, &error))?;
    let buckets = listed.buckets.unwrap_or_default().into_iter();
    Ok(buckets.filter_map(|bucket| bucket.name).collect())
}
