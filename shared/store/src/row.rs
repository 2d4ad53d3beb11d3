use std::{fmt::Display, str::FromStr};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use domain::{Role, Roles};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{StoreError, write::Item};

/// An item that was read. Each method takes one attribute out of it, by name and type.
#[derive(Debug)]
pub(crate) struct Row(pub Item);

impl Row {
    pub fn text(&mut self, name: &'static str) -> Result<String, StoreError> {
        self.optional_text(name).ok_or(StoreError::Corrupt(name))
    }

    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            AttributeValue::S(text) => Some(text),
            _ => None,
        }
    }

    pub fn number<T: FromStr>(&mut self, name: &'static str) -> Result<T, StoreError> {
        self.optional_number(name).ok_or(StoreError::Corrupt(name))
    }

    pub fn optional_number<T: FromStr>(&mut self, name: &str) -> Option<T> {
        self.0.remove(name)?.as_n().ok()?.parse().ok()
    }

    /// Whether the item has a flag that is set.
    pub fn optional_flag(&mut self, name: &str) -> bool {
        matches!(self.0.remove(name), Some(AttributeValue::Bool(true)))
    }

    pub fn flag(&mut self, name: &'static str) -> Result<bool, StoreError> {
        match self.0.remove(name) {
            Some(AttributeValue::Bool(flag)) => Ok(flag),
            _ => Err(StoreError::Corrupt(name)),
        }
    }

    /// A time as [`milliseconds`] writes it.
    pub fn optional_milliseconds(&mut self, name: &str) -> Option<OffsetDateTime> {
        let since_1970: i128 = self.optional_number(name)?;
        OffsetDateTime::from_unix_timestamp_nanos(since_1970.checked_mul(1_000_000)?).ok()
    }

    pub fn bytes<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], StoreError> {
        match self.0.remove(name) {
            Some(AttributeValue::B(blob)) => blob
                .into_inner()
                .try_into()
                .map_err(|_| StoreError::Corrupt(name)),
            _ => Err(StoreError::Corrupt(name)),
        }
    }

    pub fn map(&mut self, name: &'static str) -> Result<Self, StoreError> {
        match self.0.remove(name) {
            Some(AttributeValue::M(map)) => Ok(Self(map)),
            _ => Err(StoreError::Corrupt(name)),
        }
    }

    pub fn list(&mut self, name: &'static str) -> Result<Vec<AttributeValue>, StoreError> {
        match self.0.remove(name) {
            Some(AttributeValue::L(items)) => Ok(items),
            _ => Err(StoreError::Corrupt(name)),
        }
    }

    /// The strings of a set. `DynamoDB` has no empty set, so a missing attribute is an empty one.
    pub fn words(&mut self, name: &str) -> Vec<String> {
        match self.0.remove(name) {
            Some(AttributeValue::Ss(words)) => words,
            _ => Vec::new(),
        }
    }

    pub fn roles(&mut self, name: &str) -> Roles {
        let words = self.words(name);
        words.iter().filter_map(|word| Role::parse(word)).collect()
    }

    /// Seconds since 1970.
    pub fn seconds(&mut self, name: &'static str) -> Result<OffsetDateTime, StoreError> {
        OffsetDateTime::from_unix_timestamp(self.number(name)?)
            .map_err(|_| StoreError::Corrupt(name))
    }

    /// A text, parsed.
    pub fn parsed<T, E>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        parse(&self.text(name)?).map_err(|_| StoreError::Corrupt(name))
    }

    /// A time, if the attribute is there.
    pub fn optional_time(
        &mut self,
        name: &'static str,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        if self.0.contains_key(name) {
            self.time(name).map(Some)
        } else {
            Ok(None)
        }
    }

    pub fn time(&mut self, name: &'static str) -> Result<OffsetDateTime, StoreError> {
        OffsetDateTime::parse(&self.text(name)?, &Rfc3339).map_err(|_| StoreError::Corrupt(name))
    }
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl Display) -> AttributeValue {
    AttributeValue::N(format!("{number}"))
}

pub(crate) fn b(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// RFC 3339 in UTC. A time has whole milliseconds (`domain::Clock`), so nothing is lost.
pub(crate) fn at(time: OffsetDateTime) -> AttributeValue {
    // Formatting fails for years beyond 9999 only.
    s(time.format(&Rfc3339).unwrap_or_default())
}

/// Milliseconds since 1970: a number that conditions can compare, finer than seconds.
pub(crate) fn milliseconds(time: OffsetDateTime) -> AttributeValue {
    n(time.unix_timestamp_nanos() / 1_000_000)
}

/// A set of strings; `None` if there are none, for `DynamoDB` has no empty set.
pub(crate) fn words<'a>(words: impl Iterator<Item = &'a str>) -> Option<AttributeValue> {
    let words: Vec<_> = words.map(str::to_owned).collect();
    (!words.is_empty()).then_some(AttributeValue::Ss(words))
}

/// Roles as a set of strings; `None` if there are none.
pub(crate) fn role_words(roles: &Roles) -> Option<AttributeValue> {
    words(roles.iter().map(|role| role.as_str()))
}

/// An item, or a key, of these attributes.
pub(crate) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    let owned = |(name, value): (&str, _)| (name.to_owned(), value);
    attributes.into_iter().map(owned).collect()
}
