//! Asks another service, by an invocation of one of its functions that waits for the answer. For requests that need the answer
//! to go on; everything else travels as events.

use aws_sdk_lambda::{Client, config::Builder, primitives::Blob};
use aws_types::SdkConfig;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use settings::{Env, EnvError};

/// A service does not answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(String);

/// A service that can be asked.
#[derive(Debug, Clone)]
pub struct Service {
    client: Client,
    function: String,
}

impl Service {
    /// The service whose function `variable` names, at the endpoint in `AWS_ENDPOINT_URL_LAMBDA` if it is set.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, aws: &SdkConfig, variable: &'static str) -> Result<Self, EnvError> {
        let mut config = Builder::from(aws);
        config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_LAMBDA").map(str::to_owned));
        Ok(Self {
            client: Client::from_conf(config.build()),
            function: env.required(variable)?,
        })
    }

    /// Asks a question. `kind` is its `detail-type`: the API cannot send it, because requests have none.
    ///
    /// # Errors
    /// When the function cannot be invoked, fails, or answers something else.
    pub async fn ask<A: DeserializeOwned>(
        &self,
        kind: &str,
        question: &impl Serialize,
    ) -> Result<A, NoAnswer> {
        let event = json!({"source": "cloakroom", "detail-type": kind, "detail": question});
        let invocation = self.client.invoke().function_name(&self.function);
        let invocation = invocation.payload(Blob::new(event.to_string()));
        let answer = invocation.send().await;
        let answer = answer.map_err(|error| NoAnswer(settings::aws::explain(&error)))?;
        if let Some(error) = answer.function_error() {
            return Err(NoAnswer(error.to_owned()));
        }
        let payload = answer.payload().map(AsRef::as_ref).unwrap_or_default();
        serde_json::from_slice(payload).map_err(|error| NoAnswer(error.to_string()))
    }
}
