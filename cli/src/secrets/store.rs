use domain::Clock;
use secrecy::SecretString;
use time::OffsetDateTime;

use super::{
    Error,
    entry::Entry,
    parameters::ParameterItems,
    public_keys::{FOLDER, PublicKeyItems},
};
use crate::aws::{Connection, Target, find_table, table_names};

/// The secrets of one stack: its parameters, and its public keys, which are in a table
/// (docs/adr/0037-public-keys-in-a-table.md). Both have names relative to the stack's path.
pub(super) struct Store {
    parameters: ParameterItems,
    public_keys: PublicKeyItems,
    clock: Clock,
}

/// The outcome of a write.
pub(super) enum WriteOutcome {
    /// The value was written as this version.
    Written(i64),
    /// The value already exists and was not overwritten.
    AlreadyExists,
}

impl Store {
    pub(super) async fn open(target: &Target) -> Result<Self, Error> {
        let connection = Connection::open(target).await?;
        let (client, endpoint) = connection.ssm();
        let parameters = ParameterItems {
            client,
            path: target.parameter_path(),
            endpoint,
        };
        let (client, endpoint) = connection.dynamodb();
        let names = table_names(&client, &endpoint).await?;
        let table = find_table(&names, &target.stack(), "PublicKeysTable", &endpoint)?;
        let public_keys = PublicKeyItems::new(&client, table, endpoint);
        Ok(Self::new(parameters, public_keys, Clock::system()))
    }

    pub(super) const fn new(
        parameters: ParameterItems,
        public_keys: PublicKeyItems,
        clock: Clock,
    ) -> Self {
        Self {
            parameters,
            public_keys,
            clock,
        }
    }

    /// Returns the parameters under another path.
    pub(super) fn at_path(&self, path: &str) -> ParameterItems {
        ParameterItems {
            client: self.parameters.client.clone(),
            path: path.to_owned(),
            endpoint: self.parameters.endpoint.clone(),
        }
    }

    /// Returns the path of the parameters.
    pub(super) fn path(&self) -> &str {
        &self.parameters.path
    }

    /// Returns the name of the table of public keys.
    pub(super) fn public_keys_table(&self) -> &str {
        &self.public_keys.table
    }

    /// Returns the name of a parameter, or the table and the key id of a public key.
    pub(super) fn name(&self, relative: &str) -> String {
        match public_kid(relative) {
            Some(kid) => self.public_keys.full_name(kid),
            None => self.parameters.full_name(relative),
        }
    }

    /// Lists everything, sorted by name, without decrypting the values of parameters.
    pub(super) async fn list(&self) -> Result<Vec<Entry>, Error> {
        self.all("", false).await
    }

    /// Lists the keys, sorted by name, with their values.
    pub(super) async fn read_keys(&self) -> Result<Vec<Entry>, Error> {
        self.all("keys", true).await
    }

    /// Private keys are read first: a public key is written before its private key.
    async fn all(&self, folder: &str, values: bool) -> Result<Vec<Entry>, Error> {
        let mut found = self.parameters.list(folder, values).await?;
        // Left by a version that kept public keys in Parameter Store: no function reads it.
        found.retain(|entry| public_kid(&entry.name).is_none());
        found.extend(self.public_keys.list().await?);
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Reads the value of one parameter.
    pub(super) async fn read(&self, relative: &str) -> Result<SecretString, Error> {
        self.parameters.read(relative).await
    }

    /// Writes one value.
    pub(super) async fn write(
        &self,
        relative: &str,
        value: &SecretString,
        overwrite: bool,
    ) -> Result<WriteOutcome, Error> {
        match public_kid(relative) {
            Some(kid) => {
                let now = self.clock.now();
                self.public_keys.write(kid, value, overwrite, now).await
            }
            None => self.parameters.write(relative, value, overwrite).await,
        }
    }

    /// Deletes one value. A missing value counts as deleted.
    pub(super) async fn delete(&self, relative: &str) -> Result<(), Error> {
        match public_kid(relative) {
            Some(kid) => self.public_keys.delete(kid).await,
            None => self.parameters.delete(relative).await,
        }
    }

    /// Returns the time of the last response about public keys by the server's clock, or the local time if that is later.
    pub(super) fn time_of_publication(&self) -> OffsetDateTime {
        let local = self.clock.now();
        self.public_keys
            .server_time()
            .map_or(local, |server| server.max(local))
    }
}

fn public_kid(relative: &str) -> Option<&str> {
    relative.strip_prefix(FOLDER)?.strip_prefix('/')
}
