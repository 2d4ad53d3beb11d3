use aws_sdk_s3::Client;
use clap::Args;
use settings::Env;
use store::UploadRecords;

use super::{Error, files::UploadsBucket};
use crate::aws::{AwsError, Connection, Target, find_by_prefix, table_names};

/// Arguments that select the table and the bucket of the uploads.
#[derive(Debug, Clone, Args)]
pub(super) struct ResourceArgs {
    #[command(flatten)]
    target: Target,
    /// Name of the Uploads table, instead of the stack's table
    #[arg(long, value_name = "NAME", env = "UPLOADS_TABLE")]
    uploads_table: Option<String>,
    /// Name of the uploads bucket, instead of the stack's bucket
    #[arg(long, value_name = "NAME", env = "UPLOADS_BUCKET")]
    bucket: Option<String>,
}

/// The table and the bucket of the uploads.
#[derive(Debug, Clone)]
pub(super) struct Resources {
    pub(super) records: UploadRecords,
    pub(super) table: String,
    pub(super) bucket: UploadsBucket,
}

impl Resources {
    pub(super) async fn open(args: &ResourceArgs) -> Result<Self, Error> {
        let connection = Connection::open(&args.target).await?;
        let stack = args.target.stack();
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
            records: UploadRecords::from_env(&env, &dynamodb)?,
            table,
            bucket: UploadsBucket {
                client,
                name: bucket,
                endpoint,
            },
        })
    }
}

/// A kind of resource of the stack, for look-ups and messages.
struct ResourceKind {
    what: &'static str,
    /// What follows the stack's name in the resource's name.
    suffix: &'static str,
    option: &'static str,
}

const TABLE: ResourceKind = ResourceKind {
    what: "table",
    suffix: "UploadsTable",
    option: "--uploads-table",
};
/// Bucket names are lower case.
const BUCKET: ResourceKind = ResourceKind {
    what: "bucket",
    suffix: "uploadsbucket",
    option: "--bucket",
};

fn find(
    kind: &ResourceKind,
    stack: &str,
    names: &[String],
    endpoint: &str,
) -> Result<String, Error> {
    let prefix = format!("{stack}-{}", kind.suffix);
    find_by_prefix(&prefix, names).map_err(|names| {
        if names.is_empty() {
            Error::NotFound {
                what: kind.what,
                stack: stack.to_owned(),
                resource: kind.suffix,
                endpoint: endpoint.to_owned(),
                option: kind.option,
            }
        } else {
            let option = kind.option;
            Error::Ambiguous { names, option }
        }
    })
}

/// Lists the names of all buckets of the AWS account.
async fn bucket_names(client: &Client, endpoint: &str) -> Result<Vec<String>, Error> {
    let listed = client.list_buckets().send().await;
    let listed = listed
        .map_err(|error| AwsError::from_call("s3:ListAllMyBuckets", "*", endpoint, &error))?;
    let buckets = listed.buckets.unwrap_or_default().into_iter();
    Ok(buckets.filter_map(|bucket| bucket.name).collect())
}
