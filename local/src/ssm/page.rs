//! Pagination with opaque tokens.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::error::SsmError;

/// The page that a request asks for.
pub(crate) struct Page {
    size: usize,
    after: Option<String>,
}

impl Page {
    /// Parses `MaxResults`, from 1 to `max`, and `NextToken`.
    pub(crate) fn read(body: &Value, max: u64) -> Result<Self, SsmError> {
        let size = match &body["MaxResults"] {
            Value::Null => max,
            value => value
                .as_u64()
                .filter(|size| (1..=max).contains(size))
                .ok_or_else(|| too_large(value, max))?,
        };
        let after = match &body["NextToken"] {
            Value::Null => None,
            token => Some(read_token(token).ok_or(SsmError::InvalidNextToken)?),
        };
        Ok(Self {
            size: usize::try_from(size).unwrap_or(usize::MAX),
            after,
        })
    }

    /// Builds the response with this page of `items`, which are sorted by their names.
    pub(crate) fn of<'a>(self, items: impl Iterator<Item = (&'a str, Value)>) -> Value {
        let mut items = items
            .filter(|(name, _)| self.after.as_deref().is_none_or(|after| *name > after))
            .peekable();
        let mut last = None;
        let mut page = Vec::new();
        while page.len() < self.size
            && let Some((name, item)) = items.next()
        {
            last = Some(name);
            page.push(item);
        }
        let mut response = json!({ "Parameters": page });
        if let (Some(last), Some(_)) = (last, items.peek()) {
            response["NextToken"] = json!(BASE64_URL_SAFE_NO_PAD.encode(last));
        }
        response
    }
}

fn read_token(token: &Value) -> Option<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

fn too_large(value: &Value, max: u64) -> SsmError {
    SsmError::validation(format!(
        "1 validation error detected: Value '{value}' at 'maxResults' failed to satisfy \
         constraint: Member must have value less than or equal to {max}"
    ))
}
