use std::time::Duration;

use aws_sdk_dynamodb::{Client, config::Builder};
use aws_types::SdkConfig;
use settings::{Env, EnvError};

use crate::{StoreError, row::s};

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

/// A client of `DynamoDB`; `AWS_ENDPOINT_URL_DYNAMODB` sends it elsewhere.
#[must_use]
pub fn client(env: &Env, config: &SdkConfig) -> Client {
    let mut config = Builder::from(config);
    config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_DYNAMODB").map(str::to_owned));
    Client::from_conf(config.build())
}
