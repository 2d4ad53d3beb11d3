//! Reads the items in the records of a table's stream
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>).

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{DeletedUser, Entitlement, Order, Product, Upload, User};
use serde_json::{Map, Value, json};

use crate::{StoreError, erased, library, orders, products, row::Row, uploads, users};

/// An item of the table of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserItem {
    /// A user.
    User(Box<User>),
    /// That an account was deleted.
    Deleted(DeletedUser),
}

impl UserItem {
    /// The user, if the item is one.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::User(user) => Some(user),
            Self::Deleted(_) => None,
        }
    }

    /// The deletion, if the item records one.
    #[must_use]
    pub const fn deleted(&self) -> Option<&DeletedUser> {
        match self {
            Self::User(_) => None,
            Self::Deleted(deleted) => Some(deleted),
        }
    }
}

/// Reads the image of a user, or of the record that an account was deleted.
///
/// # Errors
/// When an attribute is missing or cannot be read.
pub fn user(image: &Value) -> Result<UserItem, StoreError> {
    let row = row(image)?;
    if has_key(&row, "id", users::is_deletion_key) {
        return users::deletion::read(row).map(UserItem::Deleted);
    }
    let user = users::item::read(row)?;
    Ok(UserItem::User(Box::new(user)))
}

/// Reads the image of an upload.
///
/// # Errors
/// When an attribute is missing or cannot be read.
pub fn upload(image: &Value) -> Result<Upload, StoreError> {
    uploads::item::read(row(image)?)
}

/// Reads the image of a product; `None` for the mark that a user is deleted.
///
/// # Errors
/// When an attribute is missing or cannot be read.
pub fn product(image: &Value) -> Result<Option<Product>, StoreError> {
    let row = row(image)?;
    if has_mark(&row, "id") {
        return Ok(None);
    }
    products::item::read(row).map(Some)
}

/// Reads the image of an order; `None` for an item that only keeps a buyer from ordering a product twice, and for the
/// mark that a user is deleted.
///
/// # Errors
/// When an attribute is missing or cannot be read.
pub fn order(image: &Value) -> Result<Option<Order>, StoreError> {
    let row = row(image)?;
    if orders::item::is_guard(&row) || has_mark(&row, "id") {
        return Ok(None);
    }
    orders::item::read(row).map(|record| Some(record.order))
}

/// Reads the image of a right to a product; `None` for the mark that a user is deleted.
///
/// # Errors
/// When an attribute is missing or cannot be read.
pub fn entitlement(image: &Value) -> Result<Option<Entitlement>, StoreError> {
    let row = row(image)?;
    if has_mark(&row, "user") {
        return Ok(None);
    }
    library::item::read(row).map(Some)
}

/// Whether an item is the mark that a user is deleted.
fn has_mark(row: &Row, key: &str) -> bool {
    has_key(row, key, erased::is_mark)
}

fn has_key(row: &Row, key: &str, is: fn(&str) -> bool) -> bool {
    let key = row.0.get(key).and_then(|key| key.as_s().ok());
    key.is_some_and(|key| is(key))
}

/// Writes an item as the image that a stream has of it.
#[must_use]
#[expect(clippy::implicit_hasher, reason = "items of the SDK have this type")]
pub fn of_item(item: &std::collections::HashMap<String, AttributeValue>) -> Value {
    let members = item
        .iter()
        .map(|(name, value)| (name.clone(), json_of(value)));
    Value::Object(members.collect())
}

fn json_of(value: &AttributeValue) -> Value {
    let encode = |bytes: &aws_sdk_dynamodb::primitives::Blob| STANDARD.encode(bytes);
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::B(bytes) => json!({"B": encode(bytes)}),
        AttributeValue::Bool(flag) => json!({"BOOL": flag}),
        AttributeValue::Ss(texts) => json!({"SS": texts}),
        AttributeValue::Ns(numbers) => json!({"NS": numbers}),
        AttributeValue::Bs(all) => json!({"BS": all.iter().map(encode).collect::<Vec<_>>()}),
        AttributeValue::L(values) => json!({"L": values.iter().map(json_of).collect::<Vec<_>>()}),
        AttributeValue::M(members) => json!({"M": of_item(members)}),
        // `Null`; a type that this version does not know cannot be read either.
        _ => json!({"NULL": true}),
    }
}

/// An image as an item. The crate that writes the item also reads it, whether it comes from a table or from its stream.
pub(crate) fn row(image: &Value) -> Result<Row, StoreError> {
    let attributes = image.as_object().ok_or(StoreError::Corrupt("image"))?;
    attributes_of(attributes).map(Row)
}

fn attributes_of(
    members: &Map<String, Value>,
) -> Result<std::collections::HashMap<String, AttributeValue>, StoreError> {
    let of = |(name, value): (&String, &Value)| Ok((name.clone(), attribute(value)?));
    members.iter().map(of).collect()
}

/// Parses a value such as `{"S": "text"}`.
fn attribute(value: &Value) -> Result<AttributeValue, StoreError> {
    const BAD: StoreError = StoreError::Corrupt("image");
    let (kind, value) = value
        .as_object()
        .and_then(|members| members.iter().next())
        .ok_or(BAD)?;
    let text = || value.as_str().map(str::to_owned).ok_or(BAD);
    let list = || value.as_array().ok_or(BAD);
    let texts = || {
        let text = |item: &Value| item.as_str().map(str::to_owned).ok_or(BAD);
        list()?.iter().map(text).collect::<Result<Vec<_>, _>>()
    };
    let bytes = |value: &Value| {
        let text = value.as_str().ok_or(BAD)?;
        let bytes = STANDARD.decode(text).map_err(|_| BAD)?;
        Ok::<_, StoreError>(aws_sdk_dynamodb::primitives::Blob::new(bytes))
    };
    Ok(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "B" => AttributeValue::B(bytes(value)?),
        "BOOL" => AttributeValue::Bool(value.as_bool().ok_or(BAD)?),
        "NULL" => AttributeValue::Null(value.as_bool().ok_or(BAD)?),
        "SS" => AttributeValue::Ss(texts()?),
        "NS" => AttributeValue::Ns(texts()?),
        "BS" => AttributeValue::Bs(list()?.iter().map(bytes).collect::<Result<_, _>>()?),
        "L" => AttributeValue::L(list()?.iter().map(attribute).collect::<Result<_, _>>()?),
        "M" => AttributeValue::M(attributes_of(value.as_object().ok_or(BAD)?)?),
        _ => return Err(BAD),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_types_of_attributes_are_read() {
        for (value, expected) in [
            (json!({"S": "a"}), AttributeValue::S("a".to_owned())),
            (json!({"N": "1.5"}), AttributeValue::N("1.5".to_owned())),
            (json!({"BOOL": true}), AttributeValue::Bool(true)),
            (json!({"NULL": true}), AttributeValue::Null(true)),
            (
                json!({"B": "AQI="}),
                AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new([1, 2])),
            ),
            (
                json!({"SS": ["a"]}),
                AttributeValue::Ss(vec!["a".to_owned()]),
            ),
            (
                json!({"L": [{"M": {"a": {"N": "1"}}}]}),
                AttributeValue::L(vec![AttributeValue::M(
                    [("a".to_owned(), AttributeValue::N("1".to_owned()))].into(),
                )]),
            ),
        ] {
            assert_eq!(json_of(&expected), value);
            assert_eq!(attribute(&value).unwrap(), expected);
        }
        for bad in [json!({}), json!("a"), json!({"S": 1}), json!({"X": "a"})] {
            assert!(attribute(&bad).is_err(), "{bad}");
        }
    }
}
