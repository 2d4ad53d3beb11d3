//! SQS queues and their policies.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde_json::Value;

use crate::{Effect, ResourceStatement, Template, TemplateError, cors::texts, resolve};

/// One `AWS::SQS::Queue`. Times are in seconds, the size is in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// The logical id, for example `MailerQueue`.
    pub logical_id: String,
    /// The physical name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// How long a received message is invisible for others.
    pub visibility_timeout: u32,
    /// How long a message is kept.
    pub retention: u32,
    /// How long a new message is invisible.
    pub delay: u32,
    /// The maximum size of a message.
    pub max_message_size: u32,
    /// How long a request waits for a message, unless it says otherwise.
    pub receive_wait: u32,
    /// The destination of messages that are received too often.
    pub redrive: Option<Redrive>,
    /// The statements of its policies.
    pub policy: Vec<ResourceStatement>,
    /// The document of its policies, as JSON.
    pub policy_text: Option<String>,
}

/// The policies of a queue.
#[derive(Debug, Default)]
struct Policies {
    statements: Vec<ResourceStatement>,
    documents: Vec<Value>,
}

/// The `RedrivePolicy` of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The ARN of the dead-letter queue.
    pub target: String,
    /// How often a message is received before it moves there.
    pub max_receives: u32,
}

const KIND: &str = "AWS::SQS::Queue";

/// The properties with numbers: name, SQS's default and its limits.
const VISIBILITY_TIMEOUT: Number = ("VisibilityTimeout", 30, 0..=43_200);
const RETENTION: Number = ("MessageRetentionPeriod", 345_600, 60..=1_209_600);
const DELAY: Number = ("DelaySeconds", 0, 0..=900);
const MAX_MESSAGE_SIZE: Number = ("MaximumMessageSize", 1_048_576, 1_024..=1_048_576);
const RECEIVE_WAIT: Number = ("ReceiveMessageWaitTimeSeconds", 0, 0..=20);

type Number = (&'static str, u32, RangeInclusive<u32>);

impl Template {
    /// Returns the queues, sorted by logical id.
    ///
    /// # Errors
    ///
    /// When a property is not supported, or a queue of dead letters is not in the template.
    pub fn queues(&self) -> Result<Vec<Queue>, TemplateError> {
        let mut policies = self.queue_policies()?;
        let mut queues = Vec::new();
        for (id, resource) in self.resources_of(KIND)? {
            let mut queue = self.queue(id, &resource["Properties"])?;
            if let Some(found) = policies.remove(&queue.name) {
                queue.policy_text = found.text();
                queue.policy = found.statements;
            }
            queues.push(queue);
        }
        for queue in &queues {
            let target = queue.redrive.as_ref().map(|redrive| &redrive.target);
            let is_known = |target: &String| queues.iter().any(|known| known.arn == *target);
            if let Some(target) = target.filter(|target| !is_known(target)) {
                let at = format!("Resources.{}.Properties.RedrivePolicy", queue.logical_id);
                let what = format!("`{target}` is not a queue of this template");
                return Err(TemplateError::at(at, what));
            }
        }
        Ok(queues)
    }

    /// Returns the URL of a queue.
    pub(crate) fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.queue_endpoint, crate::ACCOUNT)
    }

    fn queue(&self, id: &str, properties: &Value) -> Result<Queue, TemplateError> {
        let at = format!("Resources.{id}.Properties");
        let properties = self.resolve(properties, &at)?;
        if properties["FifoQueue"] == true || properties["FifoQueue"] == "true" {
            let at = format!("{at}.FifoQueue");
            return Err(TemplateError::at(at, "is not supported locally"));
        }
        // A queue may refuse to be a dead-letter queue, which no local queue does.
        let allowed = &properties["RedriveAllowPolicy"]["redrivePermission"];
        if !allowed.is_null() && allowed != "allowAll" {
            let at = format!("{at}.RedriveAllowPolicy");
            let what = "is not supported locally, other than allowAll";
            return Err(TemplateError::at(at, what));
        }
        let number = |number: Number| whole_number(&properties, &number, &at);
        Ok(Queue {
            logical_id: id.to_owned(),
            name: self.physical_name(id, &at)?,
            arn: self.attribute(id, "Arn", &at)?,
            visibility_timeout: number(VISIBILITY_TIMEOUT)?,
            retention: number(RETENTION)?,
            delay: number(DELAY)?,
            max_message_size: number(MAX_MESSAGE_SIZE)?,
            receive_wait: number(RECEIVE_WAIT)?,
            redrive: redrive(&properties["RedrivePolicy"], &format!("{at}.RedrivePolicy"))?,
            policy: Vec::new(),
            policy_text: None,
        })
    }

    /// Returns all queue policies, by the name of the queue.
    fn queue_policies(&self) -> Result<BTreeMap<String, Policies>, TemplateError> {
        let mut found: BTreeMap<String, Policies> = BTreeMap::new();
        for (id, _) in self.resources_of("AWS::SQS::QueuePolicy")? {
            let at = format!("Resources.{id}.Properties");
            let document = self.property(id, "PolicyDocument")?;
            let statements =
                ResourceStatement::read_all(&document, &format!("{at}.PolicyDocument"))?;
            for url in texts(&self.property(id, "Queues")?, &format!("{at}.Queues"))? {
                let name = url.rsplit('/').next().unwrap_or_default();
                let of_queue = found.entry(name.to_owned()).or_default();
                of_queue.statements.extend(statements.iter().cloned());
                of_queue.documents.push(document.clone());
            }
        }
        Ok(found)
    }
}

impl Policies {
    /// Returns one document with all statements, as JSON.
    fn text(&self) -> Option<String> {
        let mut document = self.documents.first()?.clone();
        let statements = self
            .documents
            .iter()
            .flat_map(|one| match &one["Statement"] {
                Value::Array(statements) => statements.clone(),
                statement => vec![statement.clone()],
            });
        document["Statement"] = Value::Array(statements.collect());
        Some(document.to_string())
    }
}

impl Queue {
    /// Whether the policies of the queue allow a service to send messages for the resource `source`. A service needs a
    /// statement that allows it, and none that denies it.
    #[must_use]
    pub fn allows_service(&self, service: &str, source: &str) -> bool {
        let context = [
            ("aws:SourceArn", source),
            ("aws:SourceAccount", crate::ACCOUNT),
            ("aws:SecureTransport", "true"),
        ];
        let effects: Vec<_> = self
            .policy
            .iter()
            .filter(|statement| {
                statement.is_for_service(service)
                    && statement.applies("sqs:SendMessage", &self.arn, &context)
            })
            .map(|statement| statement.statement.effect)
            .collect();
        effects.contains(&Effect::Allow) && !effects.contains(&Effect::Deny)
    }
}

fn redrive(value: &Value, at: &str) -> Result<Option<Redrive>, TemplateError> {
    // The policy may be JSON as text.
    let parsed: Value;
    let value = match value {
        Value::Null => return Ok(None),
        Value::String(text) => {
            parsed = serde_json::from_str(text)
                .map_err(|_| TemplateError::at(at, "is not a JSON object, as text"))?;
            &parsed
        }
        value => value,
    };
    let count = ("maxReceiveCount", 0, 1..=1_000);
    Ok(Some(Redrive {
        target: resolve::text(
            &value["deadLetterTargetArn"],
            &format!("{at}.deadLetterTargetArn"),
        )?,
        max_receives: match &value["maxReceiveCount"] {
            Value::Null => {
                return Err(TemplateError::at(
                    format!("{at}.maxReceiveCount"),
                    "is missing",
                ));
            }
            _ => whole_number(value, &count, at)?,
        },
    }))
}

/// Reads a number within its limits.
pub(crate) fn whole_number(
    properties: &Value,
    (name, default, limits): &Number,
    at: &str,
) -> Result<u32, TemplateError> {
    if properties[name].is_null() {
        return Ok(*default);
    }
    let at = format!("{at}.{name}");
    let text = resolve::text(&properties[name], &at)?;
    match text.parse() {
        Ok(number) if limits.contains(&number) => Ok(number),
        _ => {
            let (least, most) = (limits.start(), limits.end());
            let what = format!("`{text}` is not a whole number from {least} to {most}");
            Err(TemplateError::at(at, what))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn template(properties: &str) -> Template {
        let text = format!(
            "
Resources:
  Dead: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: dead, MessageRetentionPeriod: '1209600'}}}}
  Orders: {{Type: 'AWS::SQS::Queue', Properties: {properties}}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Orders]
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {{Service: events.amazonaws.com}}
            Action: sqs:SendMessage
            Resource: !GetAtt Orders.Arn
            Condition: {{ArnEquals: {{'aws:SourceArn': 'arn:aws:events:us-east-1:000000000000:rule/bus/*'}}}}
          - Effect: Deny
            Principal: '*'
            Action: 'sqs:*'
            Resource: '*'
            Condition: {{Bool: {{'aws:SecureTransport': false}}}}
"
        );
        Template::parse(&text, &BTreeMap::new()).unwrap()
    }

    #[test]
    fn queues_are_read() {
        let properties = "{VisibilityTimeout: 60, DelaySeconds: 5, ReceiveMessageWaitTimeSeconds: 20, \
             RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}}";
        let queues = template(properties).queues().unwrap();
        let [dead, orders] = queues.as_slice() else {
            panic!("two queues")
        };
        assert_eq!((dead.name.as_str(), dead.retention), ("dead", 1_209_600));
        assert_eq!(
            (dead.visibility_timeout, dead.max_message_size),
            (30, 1_048_576)
        );
        assert_eq!(
            orders.arn,
            "arn:aws:sqs:us-east-1:000000000000:sam-app-Orders"
        );
        let times = (orders.visibility_timeout, orders.delay, orders.receive_wait);
        assert_eq!(times, (60, 5, 20));
        let redrive = Redrive {
            target: "arn:aws:sqs:us-east-1:000000000000:dead".to_owned(),
            max_receives: 5,
        };
        assert_eq!(orders.redrive, Some(redrive));
        assert!(dead.policy.is_empty());
    }

    #[test]
    fn a_policy_allows_a_service_for_its_sources() {
        let queues = template("{}").queues().unwrap();
        let rule = "arn:aws:events:us-east-1:000000000000:rule/bus/a";
        let (dead, orders) = (&queues[0], &queues[1]);
        assert!(orders.allows_service("events.amazonaws.com", rule));
        assert!(!orders.allows_service("sns.amazonaws.com", rule));
        assert!(!orders.allows_service(
            "events.amazonaws.com",
            "arn:aws:events:us-east-1:000000000000:rule/a"
        ));
        assert!(!dead.allows_service("events.amazonaws.com", rule));
        let document: Value = serde_json::from_str(orders.policy_text.as_ref().unwrap()).unwrap();
        assert_eq!(document["Statement"][0]["Action"], "sqs:SendMessage");
        assert_eq!(document["Statement"][1]["Effect"], "Deny");
        assert_eq!(dead.policy_text, None);
    }

    #[test]
    fn a_queue_refers_to_its_url() {
        let template = template("{}").with_queue_endpoint("http://127.0.0.1:3006");
        assert_eq!(
            template.property("Policy", "Queues").unwrap()[0],
            "http://127.0.0.1:3006/000000000000/sam-app-Orders"
        );
    }

    #[test]
    fn an_unsupported_property_is_an_error() {
        for (properties, expected) in [
            ("{FifoQueue: true}", "FifoQueue: is not supported locally"),
            (
                "{DelaySeconds: 901}",
                "DelaySeconds: `901` is not a whole number from 0 to 900",
            ),
            (
                "{RedrivePolicy: {maxReceiveCount: 1}}",
                "RedrivePolicy.deadLetterTargetArn: is missing",
            ),
            (
                "{RedrivePolicy: {deadLetterTargetArn: a}}",
                "RedrivePolicy.maxReceiveCount: is missing",
            ),
            (
                "{RedrivePolicy: {deadLetterTargetArn: a, maxReceiveCount: 1}}",
                "RedrivePolicy: `a` is not a queue of this template",
            ),
            (
                "{RedriveAllowPolicy: {redrivePermission: denyAll}}",
                "RedriveAllowPolicy: is not supported locally, other than allowAll",
            ),
        ] {
            let error = template(properties).queues().unwrap_err().to_string();
            assert_eq!(error, format!("Resources.Orders.Properties.{expected}"));
        }
    }
}
