use aws_sdk_s3::Client;
use settings::Env;
use store::{Credentials, MailLimits, Orders, Products, SoldFiles, Uploads, Users};

use super::Error;
use crate::aws::{AwsError, Connection, Target, find_by_prefix, find_table, table_names};

/// The most bytes of one person's files. Smaller than every useful quota, so that seeded files leave room for others.
const MAX_BYTES_PER_PERSON: &str = "10485760";

/// The tables and the bucket that are filled.
#[derive(Debug, Clone)]
pub(super) struct Resources {
    pub(super) credentials: Credentials,
    pub(super) users: Users,
    pub(super) uploads: Uploads,
    pub(super) products: Products,
    pub(super) orders: Orders,
    pub(super) sold: SoldFiles,
    pub(super) mail_limits: MailLimits,
    pub(super) s3: Client,
    pub(super) bucket: String,
    s3_endpoint: String,
}

impl Resources {
    pub(super) async fn open(target: &Target) -> Result<Self, Error> {
        let connection = Connection::open(target).await?;
        let stack = target.stack();
        let (dynamodb, endpoint) = connection.dynamodb();
        let names = table_names(&dynamodb, &endpoint).await?;
        let find = |table: &'static str| find_table(&names, &stack, table, &endpoint);
        let env = Env::from([
            ("CREDENTIALS_TABLE", find("CredentialsTable")?.as_str()),
            ("USERS_TABLE", find("UsersTable")?.as_str()),
            ("UPLOADS_TABLE", find("UploadsTable")?.as_str()),
            ("QUOTAS_TABLE", find("QuotasTable")?.as_str()),
            ("UPLOAD_QUOTA_BYTES", MAX_BYTES_PER_PERSON),
            ("PRODUCTS_TABLE", find("ProductsTable")?.as_str()),
            ("ORDERS_TABLE", find("OrdersTable")?.as_str()),
            ("PAYMENT_EVENTS_TABLE", find("PaymentEventsTable")?.as_str()),
            ("SOLD_FILES_TABLE", find("SoldFilesTable")?.as_str()),
            ("LIMITS_TABLE", find("LimitsTable")?.as_str()),
            // No mail is sent.
            ("MAILS_PER_MAILBOX", "1"),
            ("MAILS_PER_DAY", "1"),
        ]);
        let (s3, s3_endpoint) = connection.s3();
        let bucket = find_bucket(&s3, &stack, &s3_endpoint).await?;
        Ok(Self {
            credentials: Credentials::from_env(&env, &dynamodb)?,
            users: Users::from_env(&env, &dynamodb)?,
            uploads: Uploads::from_env(&env, &dynamodb)?,
            products: Products::from_env(&env, &dynamodb)?,
            orders: Orders::from_env(&env, &dynamodb)?,
            sold: SoldFiles::from_env(&env, &dynamodb)?,
            mail_limits: MailLimits::from_env(&env, &dynamodb)?,
            s3,
            bucket,
            s3_endpoint,
        })
    }

    /// Describes an error of S3.
    pub(super) fn s3_error<E>(
        &self,
        action: &'static str,
        error: &aws_sdk_s3::error::SdkError<E>,
    ) -> AwsError
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        AwsError::from_call(action, &self.bucket, &self.s3_endpoint, error)
    }
}

/// Finds the bucket of the stack's uploads. Bucket names are lower case.
async fn find_bucket(client: &Client, stack: &str, endpoint: &str) -> Result<String, Error> {
    let listed = client.list_buckets().send().await;
    let listed = listed
        .map_err(|error| AwsError::from_call("s3:ListAllMyBuckets", "*", endpoint, &error))?;
    let buckets = listed.buckets.unwrap_or_default().into_iter();
    let names: Vec<_> = buckets.filter_map(|bucket| bucket.name).collect();
    let prefix = format!("{stack}-uploadsbucket");
    find_by_prefix(&prefix, &names).map_err(|matching| Error::NoBucket {
        prefix,
        endpoint: endpoint.to_owned(),
        matching,
    })
}
