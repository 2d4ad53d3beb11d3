use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

/// The attributes of an item.
pub type Item = HashMap<String, AttributeValue>;

/// Why a step cannot change an item. The item stays as it is and is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusable(pub &'static str);

/// A change of one item: attributes to write, attributes to remove, and those that the new values were derived from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edit {
    set: BTreeMap<String, AttributeValue>,
    remove: BTreeSet<String>,
    read: BTreeSet<String>,
}

/// The texts and values of an `UpdateItem` request.
#[derive(Debug)]
pub(crate) struct Update {
    pub changes: String,
    pub condition: String,
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Edit {
    /// Writes an attribute.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: AttributeValue) -> Self {
        self.set.insert(name.into(), value);
        self
    }

    /// Removes an attribute.
    #[must_use]
    pub fn remove(mut self, name: impl Into<String>) -> Self {
        self.remove.insert(name.into());
        self
    }

    /// Names an attribute that a new value was derived from. The edit is only written if it has not changed.
    #[must_use]
    pub fn reads(mut self, name: impl Into<String>) -> Self {
        self.read.insert(name.into());
        self
    }

    /// Returns the request that writes the edit to the item of `key`, under the condition that the item still has the values of
    /// all attributes that the edit read, writes or removes. An item that was deleted is not created again.
    pub(crate) fn update(&self, item: &Item, keys: &[String]) -> Update {
        let mut texts = Texts::default();
        let sets: Vec<_> = self
            .set
            .iter()
            .map(|(name, value)| format!("{} = {}", texts.name(name), texts.value(value.clone())))
            .collect();
        let removes: Vec<_> = self.remove.iter().map(|name| texts.name(name)).collect();
        let clauses = [("SET", sets), ("REMOVE", removes)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let changes: Vec<_> = clauses
            .map(|(keyword, parts)| format!("{keyword} {}", parts.join(", ")))
            .collect();
        let exists = keys
            .iter()
            .map(|key| format!("attribute_exists({})", texts.name(key)))
            .collect::<Vec<_>>();
        let unchanged = self.touched().into_iter().map(|name| {
            let placeholder = texts.name(name);
            match item.get(name) {
                Some(value) => format!("{placeholder} = {}", texts.value(value.clone())),
                None => format!("attribute_not_exists({placeholder})"),
            }
        });
        let unchanged: Vec<_> = unchanged.collect();
        Update {
            changes: changes.join(" "),
            condition: [exists, unchanged].concat().join(" AND "),
            names: texts.names,
            values: texts.values,
        }
    }

    /// Returns the names of all attributes that the edit depends on. Key attributes never change.
    fn touched(&self) -> BTreeSet<&String> {
        let written = self.set.keys().chain(&self.remove);
        written.chain(&self.read).collect()
    }
}

/// Placeholders of names and values: an attribute can have any name, such as a reserved word.
#[derive(Debug, Default)]
struct Texts {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Texts {
    fn name(&mut self, attribute: &str) -> String {
        let known = self.names.iter().find(|(_, name)| *name == attribute);
        if let Some((placeholder, _)) = known {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    #[test]
    fn an_edit_is_written_only_to_the_item_that_was_read() {
        let item = Item::from([
            ("id".to_owned(), s("1")),
            ("name".to_owned(), s("Ada")),
            ("old".to_owned(), s("x")),
        ]);
        let edit = Edit::default()
            .set("sort", s("ada"))
            .remove("old")
            .reads("name");
        let update = edit.update(&item, &["id".to_owned()]);
        assert_eq!(update.changes, "SET #n0 = :v0 REMOVE #n1");
        assert_eq!(
            update.condition,
            "attribute_exists(#n2) AND #n3 = :v1 AND #n1 = :v2 AND attribute_not_exists(#n0)"
        );
        let name = |placeholder: &str| update.names[placeholder].as_str();
        assert_eq!(
            ["#n0", "#n1", "#n2", "#n3"].map(name),
            ["sort", "old", "id", "name"]
        );
        assert_eq!(
            [":v0", ":v1", ":v2"].map(|value| &update.values[value]),
            [&s("ada"), &s("Ada"), &s("x")]
        );
    }
}
