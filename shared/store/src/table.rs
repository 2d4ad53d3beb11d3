use std::time::Duration;

use aws_sdk_dynamodb::{
    Client, config::Builder, error::SdkError, operation::update_item::UpdateItemError,
};
use aws_types::SdkConfig;
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError,
    row::{Row, s},
};

/// A start that waits longer for a database that does not answer would use up the time of the first request: Lambda
/// ends it after ten seconds and begins again.
const WARM_UP_LIMIT: Duration = Duration::from_secs(1);

/// A table and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub client: Client,
    pub name: String,
}

impl Table {
    pub fn from_env(env: &Env, client: &Client, variable: &'static str) -> Result<Self, EnvError> {
        Ok(Self {
            client: client.clone(),
            name: env.required(variable)?,
        })
    }

    /// The item of a key. Strongly consistent: what was written a moment ago is read.
    pub async fn find<const N: usize>(
        &self,
        key: [(&str, String); N],
    ) -> Result<Option<Row>, StoreError> {
        let get = self.client.get_item().table_name(&self.name);
        let get = key
            .into_iter()
            .fold(get, |get, (name, value)| get.key(name, s(value)));
        let found = get.consistent_read(true).send().await?;
        Ok(found.item.map(Row))
    }

    /// The item of a key until its `expires_at`. TTL deletes late and is not asked.
    pub async fn find_unexpired(
        &self,
        key: (&str, String),
        now: OffsetDateTime,
    ) -> Result<Option<Row>, StoreError> {
        let Some(mut row) = self.find([key]).await? else {
            return Ok(None);
        };
        let expires_at: i64 = row.number("expires_at")?;
        Ok((expires_at > now.unix_timestamp()).then_some(row))
    }

    /// Opens the connection ahead of the first request, by asking for an item that nobody has. Whether
    /// it works is told to whoever needs the table.
    pub async fn warm_up(&self, key: &str) {
        let nobody = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(key, s("-"));
        let problem = match tokio::time::timeout(WARM_UP_LIMIT, nobody.send()).await {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => StoreError::from(error).to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::warn!(table = self.name, problem, "warm_up_failed");
    }
}

/// Whether an update was refused by its own condition.
pub(crate) fn is_conditional_check<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    error
        .as_service_error()
        .is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

/// A client of `DynamoDB`; `AWS_ENDPOINT_URL_DYNAMODB` sends it elsewhere.
#[must_use]
pub fn client(env: &Env, config: &SdkConfig) -> Client {
    let mut config = Builder::from(config);
    config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_DYNAMODB").map(str::to_owned));
    Client::from_conf(config.build())
}
