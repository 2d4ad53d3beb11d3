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
        let attributes = self.attributes.parts();
        let sizes = attributes.map(|(name, kind, value)| name.len() + kind.len() + value.len());
        self.body.len() + sizes.sum::<usize>()
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

fn check(name: &str, attribute: &Value) -> Result<(), SqsError> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if name.is_empty() || name.len() > 256 || !name.bytes().all(is_name) {
        return Err(SqsError::parameter(format!(
            "Message (user) attribute name '{name}' is invalid; it can contain alphanumeric characters, underscores, hyphens \
             and periods."
        )));
    }
    let kind = attribute["DataType"].as_str().unwrap_or_default();
    let value = match kind.split('.').next() {
        Some("String" | "Number") => &attribute["StringValue"],
        Some("Binary") => &attribute["BinaryValue"],
        _ => {
            return Err(SqsError::parameter(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type \
                 prefixes: Binary, Number, String."
            )));
        }
    };
    match value.as_str() {
        Some(text) if !text.is_empty() => Ok(()),
        _ => Err(SqsError::parameter(format!(
            "The message attribute '{name}' with type '{kind}' must use field '{}'.",
            if kind.starts_with("Binary") {
                "Binary"
            } else {
                "String"
            }
        ))),
    }
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
