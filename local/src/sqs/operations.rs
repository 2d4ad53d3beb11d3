//! The operations besides receiving: request JSON in, response JSON out.

use std::{collections::BTreeMap, time::Duration};

use sam_template::{Queue, Redrive};
use serde_json::{Value, json};

use super::{
    Sqs, SqsError, batch,
    message::{MessageAttributes, NewMessage, md5_of},
    request::Input,
    store::Change,
};
use crate::iam::Caller;

/// The maximum size of a batch in bytes.
const MAX_BATCH: usize = 1_048_576;

impl Sqs {
    pub(super) fn send(
        &self,
        caller: Caller<'_>,
        queue: &Queue,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let message = new_message(caller, queue, input)?;
        let id = self.queues.send(queue, &message)?;
        let mut sent = json!({"MessageId": id, "MD5OfMessageBody": md5_of(&message.body)});
        if let Some(md5) = message.attributes.md5() {
            sent["MD5OfMessageAttributes"] = json!(md5);
        }
        Ok(sent)
    }

    pub(super) fn send_batch(
        &self,
        caller: Caller<'_>,
        queue: &Queue,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let total: usize = batch::entries(input)?.iter().map(size_of_entry).sum();
        if total > MAX_BATCH {
            return Err(SqsError::prefixed(
                "BatchRequestTooLong",
                format!(
                    "Batch requests cannot be longer than {MAX_BATCH} bytes. You have sent {total} bytes."
                ),
            ));
        }
        batch::run(input, |entry| self.send(caller, queue, entry))
    }

    pub(super) fn delete(&self, queue: &Queue, input: &Input<'_>) -> Result<Value, SqsError> {
        let (id, receipt) = input.receipt()?;
        self.queues.delete(queue, id, receipt)?;
        Ok(json!({}))
    }

    pub(super) fn change_visibility(
        &self,
        queue: &Queue,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let receipt = input.receipt()?;
        let seconds = input
            .number("VisibilityTimeout", 0..=43_200)?
            .ok_or_else(|| SqsError::missing("VisibilityTimeout"))?;
        let visibility = Duration::from_secs(seconds.into());
        match self.queues.change_visibility(queue, receipt, visibility)? {
            Change::Changed => Ok(json!({})),
            Change::Missing => Err(SqsError::parameter(format!(
                "Value {} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for \
                 visibility timeout change.",
                input.text("ReceiptHandle")?
            ))),
        }
    }

    pub(super) fn url_of(&self, queue: &Queue) -> Value {
        json!({ "QueueUrl": self.url(queue) })
    }

    pub(super) fn url(&self, queue: &Queue) -> String {
        format!("{}/{}/{}", self.url, sam_template::ACCOUNT, queue.name)
    }

    pub(super) fn list_queues(&self, input: &Input<'_>) -> Result<Value, SqsError> {
        let max = input.number("MaxResults", 1..=1_000)?.unwrap_or(1_000) as usize;
        let prefix = input.get("QueueNamePrefix").as_str().unwrap_or_default();
        // The token is the last name of the page before.
        let after = input.get("NextToken").as_str().unwrap_or_default();
        let found = self
            .queues
            .all()
            .filter(|queue| queue.name.starts_with(prefix));
        let found: Vec<_> = found.filter(|queue| queue.name.as_str() > after).collect();
        let page: Vec<_> = found
            .iter()
            .take(max)
            .map(|queue| self.url(queue))
            .collect();
        let mut response = json!({});
        if !page.is_empty() {
            response["QueueUrls"] = json!(page);
        }
        // Without MaxResults there are no pages.
        if let (Some(last), true) = (found.get(max - 1), found.len() > max) {
            response["NextToken"] = json!(last.name);
        }
        Ok(response)
    }

    pub(super) fn dead_letter_sources(&self, queue: &Queue) -> Value {
        let sources = self.queues.all().filter(|source| {
            let target = source.redrive.as_ref().map(|redrive| &redrive.target);
            target == Some(&queue.arn)
        });
        json!({"queueUrls": sources.map(|source| self.url(source)).collect::<Vec<_>>()})
    }

    pub(super) fn queue_attributes(
        &self,
        queue: &Queue,
        input: &Input<'_>,
    ) -> Result<Value, SqsError> {
        let names = input.texts("AttributeNames");
        let all = self.all_attributes(queue)?;
        if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
            return Err(SqsError::attribute_name(unknown));
        }
        let is_wanted = |name: &str| {
            names
                .iter()
                .any(|wanted| *wanted == "All" || *wanted == name)
        };
        let wanted: BTreeMap<_, _> = all
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .collect();
        Ok(if wanted.is_empty() {
            json!({})
        } else {
            json!({ "Attributes": wanted })
        })
    }

    fn all_attributes(&self, queue: &Queue) -> Result<BTreeMap<&'static str, String>, SqsError> {
        let counts = self.queues.counts(queue)?;
        // The template defines a queue and its properties when the system starts.
        let defined = (self.queues.opened() / 1_000).to_string();
        let mut all = BTreeMap::from([
            ("CreatedTimestamp", defined.clone()),
            ("LastModifiedTimestamp", defined),
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            (
                "ApproximateNumberOfMessagesNotVisible",
                counts.in_flight.to_string(),
            ),
            (
                "ApproximateNumberOfMessagesDelayed",
                counts.delayed.to_string(),
            ),
            ("DelaySeconds", queue.delay.to_string()),
            ("MaximumMessageSize", queue.max_message_size.to_string()),
            ("MessageRetentionPeriod", queue.retention.to_string()),
            ("QueueArn", queue.arn.clone()),
            (
                "ReceiveMessageWaitTimeSeconds",
                queue.receive_wait.to_string(),
            ),
            ("SqsManagedSseEnabled", "true".to_owned()),
            ("VisibilityTimeout", queue.visibility_timeout.to_string()),
        ]);
        if let Some(Redrive {
            target,
            max_receives,
        }) = &queue.redrive
        {
            let policy = json!({"deadLetterTargetArn": target, "maxReceiveCount": max_receives});
            all.insert("RedrivePolicy", policy.to_string());
        }
        if let Some(policy) = &queue.policy_text {
            all.insert("Policy", policy.clone());
        }
        Ok(all)
    }
}

/// Returns the size of an entry of a batch in bytes. Attributes count.
fn size_of_entry(entry: &Value) -> usize {
    let body = entry["MessageBody"].as_str().map_or(0, str::len);
    // Invalid attributes fail with their entry.
    body + MessageAttributes::read(&entry["MessageAttributes"]).map_or(0, |read| read.size())
}

/// The names that `AttributeNames` may have.
fn is_known(name: &str) -> bool {
    [
        "All",
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "CreatedTimestamp",
        "DelaySeconds",
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "LastModifiedTimestamp",
        "MaximumMessageSize",
        "MessageRetentionPeriod",
        "Policy",
        "QueueArn",
        "ReceiveMessageWaitTimeSeconds",
        "RedriveAllowPolicy",
        "RedrivePolicy",
        "SqsManagedSseEnabled",
        "VisibilityTimeout",
    ]
    .contains(&name)
}

fn new_message(
    caller: Caller<'_>,
    queue: &Queue,
    input: &Input<'_>,
) -> Result<NewMessage, SqsError> {
    let body = input.text("MessageBody")?;
    if let Some(invalid) = body.chars().find(|&c| !is_allowed(c)) {
        return Err(SqsError::contents(format!(
            "Invalid binary character '#x{:X}' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | \
             [#x20 to #xD7FF] | [#xE000 to #xFFFD] | [#x10000 to #x10FFFF]",
            u32::from(invalid)
        )));
    }
    if !input.get("MessageGroupId").is_null() || !input.get("MessageDeduplicationId").is_null() {
        return Err(SqsError::unsupported(
            "MessageGroupId and MessageDeduplicationId are not supported locally.",
        ));
    }
    let message = NewMessage {
        body: body.to_owned(),
        attributes: MessageAttributes::read(input.get("MessageAttributes"))?,
        system: system_attributes(input.get("MessageSystemAttributes"))?,
        sender: caller.id(),
        delay: input.number("DelaySeconds", 0..=900)?,
    };
    if message.size() > queue.max_message_size as usize {
        return Err(SqsError::parameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
            queue.max_message_size
        )));
    }
    Ok(message)
}

/// Reads the member `MessageSystemAttributes` of a request, which can have one attribute.
fn system_attributes(value: &Value) -> Result<BTreeMap<String, String>, SqsError> {
    const TRACE: &str = "AWSTraceHeader";
    let attributes = value.as_object().into_iter().flatten();
    let read = attributes.map(|(name, attribute)| match &attribute["StringValue"] {
        Value::String(text) if name == TRACE => Ok((name.clone(), text.clone())),
        _ => Err(SqsError::parameter(format!(
            "Message system attribute name '{name}' is invalid; only {TRACE}, with a text, can be sent."
        ))),
    });
    read.collect()
}

/// The characters of XML 1.0.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
