//! Messages and their checksums.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value};

use super::SqsError;

/// The maximum number of attributes of a message.
const MAX_ATTRIBUTES: usize = 10;

/// A message to send.
#[derive(Debug, Clone)]
pub(crate) struct NewMessage {
    pub(crate) body: String,
    pub(crate) attributes: MessageAttributes,
    /// The attributes that SQS adds: `AWSTraceHeader`, `DeadLetterQueueSourceArn`.
    pub(crate) system: BTreeMap<String, String>,
    /// The id of the principal that sends it.
    pub(crate) sender: String,
    /// The delay in seconds, in place of the queue's.
    pub(crate) delay: Option<u32>,
}

/// A received message.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    /// Identifies this receipt of the message.
    pub(crate) receipt: String,
    pub(crate) body: String,
    pub(crate) attributes: MessageAttributes,
    pub(crate) system: BTreeMap<String, String>,
    pub(crate) sender: String,
    /// Milliseconds since 1970.
    pub(crate) sent: i64,
    /// Milliseconds since 1970.
    pub(crate) first_received: i64,
    pub(crate) receives: u32,
}

/// The attributes of a message, in the format of the API: each has a `DataType` and a `StringValue` or `BinaryValue`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MessageAttributes(pub(crate) Map<String, Value>);

impl NewMessage {
    /// A message without attributes.
    pub(crate) fn of(sender: &str, body: String) -> Self {
        Self {
            body,
            attributes: MessageAttributes::default(),
            system: BTreeMap::new(),
            sender: sender.to_owned(),
            delay: None,
        }
    }

    /// Adds an attribute with this text.
    pub(crate) fn with_text(mut self, name: &str, text: &str) -> Self {
        let attribute = serde_json::json!({"DataType": "String", "StringValue": text});
        self.attributes.0.insert(name.to_owned(), attribute);
        self
    }

    /// Returns the size in bytes: the body, and the names, types and values of the attributes.
    pub(crate) fn size(&self) -> usize {
        self.body.len() + self.attributes.size()
    }
}

impl Message {
    /// Returns the attributes that SQS keeps, by name.
    pub(crate) fn system_attributes(&self) -> BTreeMap<String, String> {
        let mut all = self.system.clone();
        all.extend(
            [
                (
                    "ApproximateFirstReceiveTimestamp",
                    self.first_received.to_string(),
                ),
                ("ApproximateReceiveCount", self.receives.to_string()),
                ("SenderId", self.sender.clone()),
                ("SentTimestamp", self.sent.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        all
    }
}

impl MessageAttributes {
    /// Reads and checks the member `MessageAttributes` of a request.
    pub(crate) fn read(value: &Value) -> Result<Self, SqsError> {
        let attributes = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(attributes) => attributes,
            _ => return Err(SqsError::parameter("MessageAttributes must be a map.")),
        };
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(SqsError::parameter(format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].",
                attributes.len()
            )));
        }
        for (name, attribute) in attributes {
            check(name, attribute)?;
        }
        Ok(Self(attributes.clone()))
    }

    /// Returns the size in bytes of names, types and values.
    pub(crate) fn size(&self) -> usize {
        let parts = self.parts();
        let sizes = parts.map(|(name, kind, value)| name.len() + kind.len() + value.len());
        sizes.sum()
    }

    /// Returns those whose name is in a list of names, which may end with `.*`.
    pub(crate) fn selected(&self, names: &[&str]) -> Self {
        let is_selected = |name: &str| {
            names.iter().any(|wanted| match *wanted {
                "All" | ".*" => true,
                wanted => match wanted.strip_suffix(".*") {
                    Some(prefix) => name.starts_with(prefix),
                    None => name == wanted,
                },
            })
        };
        let selected = self.0.iter().filter(|(name, _)| is_selected(name));
        Self(
            selected
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// Returns the checksum; `None` without attributes.
    pub(crate) fn md5(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut digest = Md5::new();
        let with_length = |digest: &mut Md5, bytes: &[u8]| {
            digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            digest.update(bytes);
        };
        // The map is sorted by name.
        for (name, kind, value) in self.parts() {
            with_length(&mut digest, name.as_bytes());
            with_length(&mut digest, kind.as_bytes());
            digest.update([if kind.starts_with("Binary") { 2 } else { 1 }]);
            with_length(&mut digest, &value);
        }
        Some(hex(&digest.finalize()))
    }

    /// Lists names, types and values.
    fn parts(&self) -> impl Iterator<Item = (&str, &str, Vec<u8>)> {
        self.0.iter().map(|(name, attribute)| {
            let kind = attribute["DataType"].as_str().unwrap_or_default();
            let value = match attribute["BinaryValue"].as_str() {
                Some(base64) => BASE64_STANDARD.decode(base64).unwrap_or_default(),
                None => attribute["StringValue"].as_str().unwrap_or_default().into(),
            };
            (name.as_str(), kind, value)
        })
    }
}

/// Checks the name, the type and the value of an attribute.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
fn check(name: &str, attribute: &Value) -> Result<(), SqsError> {
    if !is_name(name) {
        return Err(SqsError::parameter(format!(
            "Message (user) attribute name '{name}' is invalid; it can contain alphanumeric characters, underscores, hyphens \
             and single periods, and does not begin with AWS. or Amazon."
        )));
    }
    let kind = attribute["DataType"].as_str().unwrap_or_default();
    let base = kind.split('.').next().unwrap_or_default();
    let (member, value) = match base {
        "String" | "Number" => ("String", &attribute["StringValue"]),
        "Binary" => ("Binary", &attribute["BinaryValue"]),
        _ => {
            return Err(SqsError::parameter(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type \
                 prefixes: Binary, Number, String."
            )));
        }
    };
    match value.as_str() {
        None => Err(SqsError::parameter(format!(
            "The message attribute '{name}' with type '{kind}' must use field '{member}'."
        ))),
        Some("") => Err(SqsError::parameter(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{member}'."
        ))),
        Some(text) if base == "Number" && text.parse::<f64>().is_err() => Err(SqsError::parameter(
            format!("Can't cast the value of message (user) attribute '{name}' to a number."),
        )),
        Some(_) => Ok(()),
    }
}

/// Whether an attribute may have this name.
fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let lower = name.to_ascii_lowercase();
    let is_reserved = ["aws.", "amazon."].iter().any(|of| lower.starts_with(of));
    // Each part between periods has a character.
    let parts = name.split('.').all(|part| !part.is_empty());
    name.len() <= 256 && name.bytes().all(is_allowed) && parts && !is_reserved
}

/// Returns the MD5 checksum of a text in hexadecimal.
pub(crate) fn md5_of(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_attribute_has_a_valid_name_and_a_value_of_its_type() {
        let text = json!({"DataType": "String", "StringValue": "a"});
        for name in ["a", "a.b", "aws", "A-1_b.c"] {
            assert!(check(name, &text).is_ok(), "{name}");
        }
        let long = "a".repeat(257);
        for name in ["", ".a", "a.", "a..b", "a b", "AWS.a", "amazon.a", &long] {
            assert!(check(name, &text).is_err(), "{name}");
        }
        for (value, is_valid) in [
            (json!({"DataType": "Number.int", "StringValue": "7"}), true),
            (json!({"DataType": "Number", "StringValue": "-1.5e3"}), true),
            (json!({"DataType": "Number", "StringValue": "seven"}), false),
            (json!({"DataType": "Binary", "BinaryValue": "AA=="}), true),
            (json!({"DataType": "Binary", "StringValue": "a"}), false),
            (json!({"DataType": "String", "StringValue": ""}), false),
            (json!({"DataType": "Text", "StringValue": "a"}), false),
            (json!({"StringValue": "a"}), false),
        ] {
            assert_eq!(check("a", &value).is_ok(), is_valid, "{value}");
        }
    }
}
