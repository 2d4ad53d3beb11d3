use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Name, Patch};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Changes;
use crate::row::{at, n, s};

/// An update expression that touches only what changes, so that two people's changes of
/// different members both survive (RFC 7396 merges, it does not replace).
pub(super) struct Update {
    set: Vec<String>,
    remove: Vec<String>,
    pub condition: String,
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
    /// Marks the item as written by this update, by which a retry knows its own work.
    pub write_id: String,
}

impl Update {
    pub fn new(changes: &Changes, versions: Option<&[u64]>, now: OffsetDateTime) -> Self {
        let write_id = Uuid::new_v4().to_string();
        let mut update = Self {
            set: Vec::new(),
            remove: Vec::new(),
            condition: "attribute_exists(id) AND NOT write_id = :write_id".to_owned(),
            names: HashMap::new(),
            values: HashMap::new(),
            write_id: write_id.clone(),
        };
        update.set("write_id", ":write_id", s(write_id));
        update.set("updated_at", ":updated_at", at(now));
        update
            .names
            .insert("#version".to_owned(), "version".to_owned());
        update.values.insert(":one".to_owned(), n(1));
        update.set.push("#version = #version + :one".to_owned());
        update.changes(changes);
        if let Some(versions) = versions {
            update.only(versions);
        }
        update
    }

    pub fn expression(&self) -> String {
        let set = format!("SET {}", self.set.join(", "));
        if self.remove.is_empty() {
            set
        } else {
            format!("{set} REMOVE {}", self.remove.join(", "))
        }
    }

    fn changes(&mut self, changes: &Changes) {
        let text = |name: &Name| s(name.as_str());
        // DynamoDB refuses a name that its expression does not use.
        if changes.name != Patch::Keep {
            self.names.insert("#name".to_owned(), "name".to_owned());
        }
        self.member("#name", ":name", &changes.name, text);
        let profile = &changes.profile;
        self.member(
            "profile.first_name",
            ":first_name",
            &profile.first_name,
            text,
        );
        self.member("profile.last_name", ":last_name", &profile.last_name, text);
        self.member("profile.city", ":city", &profile.city, text);
        self.member("profile.age", ":age", &profile.age, |age| n(age.years()));
    }

    fn member<T>(
        &mut self,
        path: &str,
        placeholder: &str,
        change: &Patch<T>,
        write: impl FnOnce(&T) -> AttributeValue,
    ) {
        match change {
            Patch::Keep => {}
            Patch::Remove => self.remove.push(path.to_owned()),
            Patch::Set(value) => self.set(path, placeholder, write(value)),
        }
    }

    fn set(&mut self, path: &str, placeholder: &str, value: AttributeValue) {
        self.set.push(format!("{path} = {placeholder}"));
        self.values.insert(placeholder.to_owned(), value);
    }

    fn only(&mut self, versions: &[u64]) {
        let placeholders: Vec<_> = (0..versions.len())
            .map(|i| format!(":version{i}"))
            .collect();
        for (placeholder, version) in placeholders.iter().zip(versions) {
            self.values.insert(placeholder.clone(), n(version));
        }
        self.condition = format!(
            "{} AND #version IN ({})",
            self.condition,
            placeholders.join(", ")
        );
    }
}
