//! Enables and disables streams, as `CloudFormation` does when a stack is updated.

use dynoxide::{Database, DynoxideError};
use sam_template::Table;
use serde_json::{Value, json};

use super::request;

/// Gives the table the stream of the template, or none. Returns what was changed.
pub(super) fn update(
    database: &Database,
    table: &Table,
    existing: &Value,
) -> Result<Option<String>, DynoxideError> {
    let (has, wants) = (view(existing), view(&table.create));
    if has == wants {
        return Ok(None);
    }
    // A stream with other images is another stream: the old one has to be disabled first.
    if has.is_some() {
        change(database, table, &json!({"StreamEnabled": false}))?;
    }
    let Some(view) = wants else {
        return Ok(Some("disabled the stream".to_owned()));
    };
    let specification = json!({"StreamEnabled": true, "StreamViewType": view});
    change(database, table, &specification)?;
    Ok(Some(format!("enabled the stream ({view})")))
}

/// Returns what the records of a table's stream contain; `None` if it has no stream.
fn view(table: &Value) -> Option<&str> {
    let stream = &table["StreamSpecification"];
    if stream["StreamEnabled"] == false {
        return None;
    }
    stream["StreamViewType"].as_str()
}

fn change(database: &Database, table: &Table, specification: &Value) -> Result<(), DynoxideError> {
    let update = json!({"TableName": table.name, "StreamSpecification": specification});
    database.update_table(request(update)?).map(drop)
}
