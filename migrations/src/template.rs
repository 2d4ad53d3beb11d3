use aws_sdk_dynamodb::types::AttributeValue;

use crate::{Down, Item, Migration, Unusable, steps};

/// Describe here what changes and why, and which version of the functions reads both shapes.
pub(super) fn migration() -> Migration {
    Migration {
        number: 0,
        name: "name",
        up: vec![steps::back_fill(
            "UsersTable",
            ["new_attribute"],
            &["old_attribute"],
            derive,
        )],
        down: Down::Steps(vec![steps::remove("UsersTable", ["new_attribute"])]),
    }
}

/// Returns the value of `new_attribute`, or none for an item that gets none.
fn derive(item: &Item) -> Result<Option<[AttributeValue; 1]>, Unusable> {
    match item.get("old_attribute") {
        Some(AttributeValue::S(text)) => Ok(Some([AttributeValue::S(text.to_lowercase())])),
        Some(_) => Err(Unusable("old_attribute is not a text")),
        None => Ok(None),
    }
}
