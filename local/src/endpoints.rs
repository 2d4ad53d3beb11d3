//! Where a running system is reached.

use std::{io, path::Path};

use sam_template::REGION;
use serde::{Deserialize, Serialize};

use crate::{files, iam, keys::Keys, ports::Listeners};

/// The addresses, as `endpoints.json` in the data directory holds them. URLs have no trailing
/// slash.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// The HTTP API.
    pub api: String,
    /// The database engine.
    pub dynamodb: String,
    /// The Parameter Store engine.
    pub ssm: String,
    /// The object store.
    pub s3: String,
    /// Lambda's API, to invoke functions directly.
    pub lambda: String,
    /// The engine that takes mail.
    pub ses: String,
    /// The page that shows the mail; with `.json` after it, for programs.
    pub outbox: String,
    /// The region to name to the engines.
    pub region: String,
    /// The operator's key.
    pub access_key_id: String,
    /// The operator's secret. Those of the functions derive from it: [`secret_key`](crate::secret_key).
    pub secret_access_key: String,
}

impl Endpoints {
    pub(crate) fn new(listeners: &Listeners, keys: &Keys) -> Self {
        Self {
            api: listeners.api.url(),
            dynamodb: listeners.dynamodb.url(),
            ssm: listeners.ssm.url(),
            s3: listeners.s3.url(),
            lambda: listeners.lambda.url(),
            ses: listeners.ses.url(),
            outbox: format!("{}/outbox", listeners.api.url()),
            region: REGION.to_owned(),
            access_key_id: iam::OPERATOR_KEY.to_owned(),
            secret_access_key: keys.operator().to_owned(),
        }
    }

    /// Writes the file; whoever waits for it sees it whole.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut contents = serde_json::to_vec_pretty(self)?;
        contents.push(b'\n');
        files::write_private(path, &contents)
    }
}
