use aws_sdk_sqs::Client;
use aws_types::SdkConfig;
use settings::{Env, EnvError};

/// SQS did not take a message.
#[derive(Debug, thiserror::Error)]
#[error("SendMessage: {0}")]
pub struct QueueError(String);

/// The queue of the function itself, for work that one invocation does not finish.
#[derive(Debug, Clone)]
pub struct OwnQueue {
    client: Client,
    url: String,
}

impl OwnQueue {
    /// The queue that `UPLOAD_GRANTS_QUEUE_URL` names, at the endpoint in `AWS_ENDPOINT_URL_SQS` if it is set.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, config: &SdkConfig) -> Result<Self, EnvError> {
        let endpoint = env.get("AWS_ENDPOINT_URL_SQS").map(str::to_owned);
        let mut config = aws_sdk_sqs::config::Builder::from(config);
        config.set_endpoint_url(endpoint);
        Ok(Self {
            client: Client::from_conf(config.build()),
            url: env.required("UPLOAD_GRANTS_QUEUE_URL")?,
        })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When SQS does not take it.
    pub async fn send(&self, body: String) -> Result<(), QueueError> {
        let message = self.client.send_message().queue_url(&self.url);
        let sent = message.message_body(body).send().await;
        let explained = |error| QueueError(settings::aws::explain(&error));
        sent.map(|_| ()).map_err(explained)
    }
}
