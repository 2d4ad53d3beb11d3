//! Gives the tables of the database the shape that the template describes, as `CloudFormation` does when a stack is updated.

mod indexes;
mod replace;
mod shape;
mod stream;
#[cfg(test)]
mod tests;

use std::{io, path::Path};

use dynoxide::{Database, DynoxideError};
use sam_template::Table;
use serde_json::{Value, json};
use thiserror::Error;

/// Why a table cannot be used.
#[derive(Debug, Error)]
pub enum TableError {
    /// The engine reported an error.
    #[error("table {table}: {problem}")]
    Engine {
        /// The table.
        table: String,
        /// The engine's message.
        problem: String,
    },
    /// The keys of the table differ from the template, and the template says that the table is kept.
    #[error(
        "table {table} has other keys than in the template, and it may not be replaced (UpdateReplacePolicy: Retain): \
         its items would be lost. Undo the change of the keys, give the new keys to a new table, or choose another --data-dir"
    )]
    Kept {
        /// The table.
        table: String,
    },
    /// The items of a table that is to be replaced cannot be written to a file.
    #[error(
        "table {table} has other keys than in the template and has to be replaced, but its items cannot be saved \
         in {folder}: {error}. Nothing was changed"
    )]
    NotSaved {
        /// The table.
        table: String,
        /// The folder.
        folder: String,
        /// The cause.
        error: io::Error,
    },
}

/// How tables of earlier starts are changed.
pub(crate) struct Changes<'a> {
    /// The folder for the items of replaced tables. `None` for a database in memory, which has no earlier tables.
    pub(crate) saved: Option<&'a Path>,
    /// The logical ids of tables, and what it means for users that a table is empty.
    pub(crate) consequences: &'a [(&'static str, &'static str)],
    /// Reports a change.
    pub(crate) report: &'a dyn Fn(Change),
}

/// A change of a table, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// No data is lost.
    Safe(String),
    /// The table is empty now.
    Replaced(String),
}

/// Creates missing tables, changes those that differ from the template, and enables their time to live.
///
/// An index is added with the existing items, or removed, and a stream is enabled or disabled. A table whose keys differ is replaced by an empty one, after its
/// items are saved in a file, unless the template says that it is kept: that is an error.
pub(crate) fn prepare(
    database: &Database,
    tables: &[Table],
    changes: &Changes,
) -> Result<(), TableError> {
    tables.iter().try_for_each(|table| {
        let existing = describe(database, table).map_err(engine(table))?;
        match existing {
            None => create(database, table).map_err(engine(table))?,
            Some(existing) if shape::keys(&existing) != shape::keys(&table.create) => {
                replace(database, table, changes)?;
            }
            Some(existing) => {
                let updated = indexes::update(database, table, &existing);
                let stream = stream::update(database, table, &existing).map_err(engine(table))?;
                for change in updated.map_err(engine(table))?.into_iter().chain(stream) {
                    (changes.report)(Change::Safe(format!("{}: {change}", table.name)));
                }
            }
        }
        enable_expiry(database, table).map_err(engine(table))
    })
}

fn replace(database: &Database, table: &Table, changes: &Changes) -> Result<(), TableError> {
    let Some(folder) = changes.saved.filter(|_| !table.is_kept_when_replaced) else {
        return Err(TableError::Kept {
            table: table.name.clone(),
        });
    };
    let (file, items) = replace::save(database, table, folder)?;
    let consequence = changes.consequences.iter();
    let consequence = consequence
        .filter(|(id, _)| *id == table.logical_id)
        .map(|(_, consequence)| format!(": {consequence}"));
    let text = format!(
        "{} has other keys than in the template. As in a stack, an empty table replaces it{}. Its items ({items}) are in {}",
        table.name,
        consequence.collect::<String>(),
        file.display(),
    );
    // Reported first: a start that is killed in between has said where the items are.
    (changes.report)(Change::Replaced(text));
    replace::delete(database, table)?;
    create(database, table).map_err(engine(table))
}

/// Names the table in an error of the engine.
fn engine(table: &Table) -> impl Fn(DynoxideError) -> TableError {
    let table = table.name.clone();
    move |error| TableError::Engine {
        table: table.clone(),
        problem: error.to_string(),
    }
}

fn describe(database: &Database, table: &Table) -> Result<Option<Value>, DynoxideError> {
    let request = request(json!({"TableName": table.name}))?;
    match database.describe_table(request) {
        Ok(description) => Ok(Some(
            serde_json::to_value(description).map_err(internal)?["Table"].take(),
        )),
        Err(DynoxideError::ResourceNotFoundException(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn create(database: &Database, table: &Table) -> Result<(), DynoxideError> {
    database
        .create_table(request(table.create.clone())?)
        .map(drop)
}

fn enable_expiry(database: &Database, table: &Table) -> Result<(), DynoxideError> {
    let Some(attribute) = &table.ttl_attribute else {
        return Ok(());
    };
    let now = database.describe_time_to_live(request(json!({"TableName": table.name}))?)?;
    if now.time_to_live_description.attribute_name.as_ref() == Some(attribute) {
        return Ok(());
    }
    let enable = json!({
        "TableName": table.name,
        "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
    });
    database.update_time_to_live(request(enable)?).map(drop)
}

fn request<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, DynoxideError> {
    serde_json::from_value(body).map_err(internal)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn internal(error: serde_json::Error) -> DynoxideError {
    DynoxideError::InternalServerError(error.to_string())
}
