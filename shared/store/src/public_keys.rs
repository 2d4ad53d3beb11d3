use aws_sdk_dynamodb::Client;
use secrecy::SecretString;
use settings::{Env, EnvError};

use crate::{StoreError, row::Row, table::Table};

/// The public halves of the signing keys, by key id. The operator's commands write them; functions only read them.
///
/// They are in a table and not in Parameter Store, because every instance of every function reads them at its start.
#[derive(Debug, Clone)]
pub struct PublicKeyTable(Table);

impl PublicKeyTable {
    /// The table that `PUBLIC_KEYS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "PUBLIC_KEYS_TABLE").map(Self)
    }

    /// Lists all keys: their ids and values. Eventually consistent, at half the price: a new key is published long before it
    /// signs.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn list(&self) -> Result<Vec<(String, SecretString)>, StoreError> {
        let scan = self.0.client.scan().table_name(&self.0.name);
        let mut items = scan.into_paginator().items().send();
        let mut keys = Vec::new();
        while let Some(item) = items.try_next().await? {
            let mut row = Row(item);
            keys.push((row.text("kid")?, row.text("value")?.into()));
        }
        Ok(keys)
    }
}
