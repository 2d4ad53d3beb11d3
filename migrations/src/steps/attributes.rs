use aws_sdk_dynamodb::types::AttributeValue;

use super::Step;
use crate::{Edit, Item, Unusable};

/// Gives attributes values that are derived from other attributes of the item. An item that has the values already is not written.
///
/// `derive` returns the new values, or none for an item that gets none. It reads only the attributes `reads`. Undo it with
/// [`remove`].
#[must_use]
pub fn back_fill<const N: usize>(
    table: &'static str,
    writes: [&'static str; N],
    reads: &'static [&'static str],
    derive: impl Fn(&Item) -> Result<Option<[AttributeValue; N]>, Unusable> + Send + Sync + 'static,
) -> Step {
    let what = format!("give {} a value", writes.join(" and "));
    Step::items(table, what, move |item| {
        let Some(values) = derive(item)? else {
            return Ok(None);
        };
        let new = writes.into_iter().zip(values);
        let new: Vec<_> = new
            .filter(|(name, value)| item.get(*name) != Some(value))
            .collect();
        if new.is_empty() {
            return Ok(None);
        }
        let edit = reads
            .iter()
            .fold(Edit::default(), |edit, name| edit.reads(*name));
        let edit = new
            .into_iter()
            .fold(edit, |edit, (name, value)| edit.set(name, value));
        Ok(Some(edit))
    })
}

/// Gives an attribute a value in the items that do not have it. Undo it with [`remove`] only if no item had it before.
#[must_use]
pub fn default_value(table: &'static str, attribute: &'static str, value: &AttributeValue) -> Step {
    let value = value.clone();
    let what = format!("give {attribute} the value {value:?} where it is missing");
    Step::items(table, what, move |item| {
        let is_missing = !item.contains_key(attribute);
        Ok(is_missing.then(|| Edit::default().set(attribute, value.clone())))
    })
}

/// Removes attributes.
#[must_use]
pub fn remove<const N: usize>(table: &'static str, attributes: [&'static str; N]) -> Step {
    let what = format!("remove {}", attributes.join(" and "));
    Step::items(table, what, move |item| {
        let has = attributes.iter().filter(|name| item.contains_key(**name));
        let edit = has.fold(None, |edit: Option<Edit>, name| {
            Some(edit.unwrap_or_default().remove(*name))
        });
        Ok(edit)
    })
}

/// Renames an attribute. An item that has both names is not changed: a function has written the new one. Undo it by the other
/// direction.
#[must_use]
pub fn rename(table: &'static str, from: &'static str, to: &'static str) -> Step {
    let what = format!("rename {from} to {to}");
    Step::items(table, what, move |item| {
        match (item.get(from), item.get(to)) {
            (Some(value), None) => Ok(Some(Edit::default().set(to, value.clone()).remove(from))),
            (Some(_), Some(_)) => Err(Unusable("the item has the old and the new attribute")),
            (None, _) => Ok(None),
        }
    })
}

/// Changes the type of an attribute. `convert` returns `None` for a value that already has the new type. Undo it by a step with
/// the inverse of `convert`.
#[must_use]
pub fn change_type(
    table: &'static str,
    attribute: &'static str,
    kind: &'static str,
    convert: impl Fn(&AttributeValue) -> Result<Option<AttributeValue>, Unusable>
    + Send
    + Sync
    + 'static,
) -> Step {
    let what = format!("change the type of {attribute} to {kind}");
    Step::items(table, what, move |item| {
        let Some(value) = item.get(attribute) else {
            return Ok(None);
        };
        let converted = convert(value)?;
        Ok(converted.map(|value| Edit::default().set(attribute, value)))
    })
}
