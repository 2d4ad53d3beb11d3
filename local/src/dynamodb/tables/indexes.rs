//! Adds and removes global secondary indexes, as `CloudFormation` does when a stack is updated.

use dynoxide::{Database, DynoxideError};
use sam_template::Table;
use serde_json::{Value, json};

use super::{request, shape};

/// Gives the table the indexes of the template. The engine changes one index at a time in a transaction and adds the existing
/// items to a new index, so an interrupted start is completed by the next one. Returns what was changed.
pub(super) fn update(
    database: &Database,
    table: &Table,
    existing: &Value,
) -> Result<Vec<String>, DynoxideError> {
    let (has, wants) = (shape::indexes(existing), shape::indexes(&table.create));
    let mut changes = Vec::new();
    for index in has.iter().filter(|index| !wants.contains(index)) {
        let delete = json!({"Delete": {"IndexName": index.name}});
        change(database, table, &delete)?;
        changes.push(format!("removed the index {}", index.name));
    }
    for index in wants.iter().filter(|index| !has.contains(index)) {
        change(
            database,
            table,
            &json!({"Create": create(table, &index.name)}),
        )?;
        changes.push(format!("added the index {}", index.name));
    }
    Ok(changes)
}

/// Returns the definition of an index in the template.
fn create<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
    let indexes = table.create["GlobalSecondaryIndexes"].as_array();
    indexes?.iter().find(|index| index["IndexName"] == name)
}

fn change(database: &Database, table: &Table, update: &Value) -> Result<(), DynoxideError> {
    let update = json!({
        "TableName": table.name,
        "AttributeDefinitions": table.create["AttributeDefinitions"],
        "GlobalSecondaryIndexUpdates": [update],
    });
    database.update_table(request(update)?).map(drop)
}
