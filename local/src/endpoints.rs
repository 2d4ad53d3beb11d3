//! The endpoints of a running system.

use std::{collections::BTreeMap, io, path::Path};

use sam_template::REGION;
use serde::{Deserialize, Serialize};

use crate::{files, iam, keys::Keys, payments, ports::Listeners, project::Project};

/// The contents of `endpoints.json` in the data directory. URLs have no trailing slash.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// The HTTP API.
    pub api: String,
    /// The `DynamoDB` engine.
    pub dynamodb: String,
    /// The SSM Parameter Store engine.
    pub ssm: String,
    /// The S3 engine.
    pub s3: String,
    /// The Lambda API, which invokes functions directly.
    pub lambda: String,
    /// The SES engine.
    pub ses: String,
    /// The SQS engine.
    pub sqs: String,
    /// The `EventBridge` engine.
    pub eventbridge: String,
    /// The page that lists sent e-mails. With `.json` appended, the same list for programs.
    pub outbox: String,
    /// The metrics of the functions, in Prometheus' text format.
    pub metrics: String,
    /// The stand-in of the payment provider: its API, and the page of its payments.
    #[serde(default)]
    pub payments: String,
    /// The key of the stand-in's API.
    #[serde(default)]
    pub payments_key: String,
    /// Tells whether all events are delivered, for tests: `{"settled": true, "pending": []}`. With `?wait=MILLISECONDS`, it waits
    /// for that.
    pub settled: String,
    /// The region of the engines.
    pub region: String,
    /// The operator's access key id.
    pub access_key_id: String,
    /// The operator's secret access key. The functions' secrets are derived from it: [`secret_key`](crate::secret_key).
    pub secret_access_key: String,
    /// The values of the template's parameters.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

impl Endpoints {
    pub(crate) fn new(listeners: &Listeners, keys: &Keys, project: &Project) -> Self {
        Self {
            api: listeners.api.url(),
            dynamodb: listeners.dynamodb.url(),
            ssm: listeners.ssm.url(),
            s3: listeners.s3.url(),
            lambda: listeners.lambda.url(),
            ses: listeners.ses.url(),
            sqs: listeners.sqs.url(),
            eventbridge: listeners.eventbridge.url(),
            outbox: format!("{}/outbox", listeners.api.url()),
            metrics: format!("{}/metrics", listeners.api.url()),
            payments: listeners.payments.url(),
            payments_key: payments::api_key(keys),
            settled: format!("{}/settled", listeners.api.url()),
            region: REGION.to_owned(),
            access_key_id: iam::OPERATOR_KEY.to_owned(),
            secret_access_key: keys.operator().to_owned(),
            parameters: project.parameters.clone(),
        }
    }

    /// Writes the file atomically.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut contents = serde_json::to_vec_pretty(self)?;
        contents.push(b'\n');
        files::write_private(path, &contents)
    }
}
