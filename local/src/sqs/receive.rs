//! `ReceiveMessage`.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>

use std::{collections::BTreeMap, time::Duration};

use sam_template::Queue;
use serde_json::{Value, json};

use super::{
    Sqs, SqsError,
    message::{Message, md5_of},
    request::{self, Input},
};

impl Sqs {
    pub(super) async fn receive(
        &self,
        queue: &Queue,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let max = input.number("MaxNumberOfMessages", 1..=10)?.unwrap_or(1);
        let visibility = input.number("VisibilityTimeout", 0..=43_200)?;
        let visibility = visibility.unwrap_or(queue.visibility_timeout);
        let wait = input.number("WaitTimeSeconds", 0..=20)?;
        let wait = wait.unwrap_or(queue.receive_wait);
        let mut system = input.texts("MessageSystemAttributeNames");
        // The older name of the same list.
        system.extend(input.texts("AttributeNames"));
        let names = input.texts("MessageAttributeNames");
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let (visibility, wait) = (seconds(visibility), seconds(wait));
        let received = self
            .queues
            .receive_within(queue, max, visibility, wait)
            .await?;
        let messages = received
            .iter()
            .map(|message| to_json(message, &system, &names));
        let messages: Vec<_> = messages.collect();
        Ok(if messages.is_empty() {
            json!({})
        } else {
            json!({ "Messages": messages })
        })
    }
}

fn to_json(message: &Message, system: &[&str], names: &[&str]) -> Value {
    let mut json = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.handle(),
        "MD5OfBody": md5_of(&message.body),
        "Body": message.body,
    });
    let is_wanted = |name: &str| {
        system
            .iter()
            .any(|wanted| *wanted == "All" || *wanted == name)
    };
    let wanted = message
        .system_attributes()
        .into_iter()
        .filter(|(name, _)| is_wanted(name));
    let wanted: BTreeMap<_, _> = wanted.collect();
    if !wanted.is_empty() {
        json["Attributes"] = json!(wanted);
    }
    let selected = message.attributes.selected(names);
    if let Some(md5) = selected.md5() {
        json["MessageAttributes"] = Value::Object(selected.0);
        json["MD5OfMessageAttributes"] = json!(md5);
    }
    json
}

impl Message {
    /// Returns the receipt handle.
    pub(crate) fn handle(&self) -> String {
        request::handle(&self.id, &self.receipt)
    }
}
