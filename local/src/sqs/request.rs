//! Reads the members of requests.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::SqsError;

/// The input of an operation, or an entry of a batch.
pub(super) struct Input<'a>(&'a Value);

impl<'a> Input<'a> {
    pub(super) fn new(body: &'a Value) -> Self {
        Self(body)
    }

    pub(super) fn get(&self, name: &str) -> &'a Value {
        &self.0[name]
    }

    /// Returns a text that is required.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, SqsError> {
        let text = self.0[name].as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| SqsError::missing(name))
    }

    /// Returns a number within its limits, if there is one.
    pub(super) fn number(
        &self,
        name: &str,
        limits: RangeInclusive<u32>,
    ) -> Result<Option<u32>, SqsError> {
        let value = &self.0[name];
        if value.is_null() {
            return Ok(None);
        }
        let number = value.as_i64().and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| limits.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(SqsError::parameter(format!(
                "Value {value} for parameter {name} is invalid. Reason: Must be between {} and {}, if provided.",
                limits.start(),
                limits.end()
            ))),
        }
    }

    /// Returns the texts of a list.
    pub(super) fn texts(&self, name: &str) -> Vec<&'a str> {
        let values = self.0[name].as_array().into_iter().flatten();
        values.filter_map(Value::as_str).collect()
    }

    /// Returns the message id and the receipt in `ReceiptHandle`.
    pub(super) fn receipt(&self) -> Result<(&'a str, &'a str), SqsError> {
        let handle = self.text("ReceiptHandle")?;
        parse_handle(handle).ok_or_else(|| SqsError::handle(handle))
    }
}

/// Returns the receipt handle of a message. It is opaque for clients.
pub(crate) fn handle(id: &str, receipt: &str) -> String {
    format!("{id}.{receipt}")
}

fn parse_handle(handle: &str) -> Option<(&str, &str)> {
    let (id, receipt) = handle.split_once('.')?;
    let is_hex = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    };
    (id.len() == 36 && receipt.len() == 32 && is_hex(id) && is_hex(receipt))
        .then_some((id, receipt))
}
