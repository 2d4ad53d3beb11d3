//! Replaces a table whose keys have changed, as `CloudFormation` does when a stack is updated.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use dynoxide::Database;
use sam_template::Table;
use serde_json::{Value, json};

use super::{TableError, engine, request};
use crate::files;

/// How many items are read and written at once.
const PAGE: usize = 500;

/// Saves the items of a table in a new file in `folder`, one item a line, and returns the file and their number.
///
/// The file has its name only when it is complete and on the disk. A start that is killed afterwards leaves the table, and the
/// next start saves it again in another file.
pub(super) fn save(
    database: &Database,
    table: &Table,
    folder: &Path,
) -> Result<(PathBuf, usize), TableError> {
    let failed = |error: io::Error| TableError::NotSaved {
        table: table.name.clone(),
        folder: folder.display().to_string(),
        error,
    };
    files::create_private_dir(folder).map_err(failed)?;
    let path = unused(folder, &table.name);
    let temporary = path.with_extension("new");
    let mut file = io::BufWriter::new(files::create_private(&temporary).map_err(failed)?);
    let (mut items, mut after) = (0, Value::Null);
    loop {
        let page = page(database, table, &after)?;
        for item in page["Items"].as_array().into_iter().flatten() {
            writeln!(file, "{item}").map_err(failed)?;
            items += 1;
        }
        after = page["LastEvaluatedKey"].clone();
        if after.is_null() {
            break;
        }
    }
    let file = file.into_inner().map_err(io::IntoInnerError::into_error);
    file.and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&temporary, &path))
        .and_then(|()| files::sync_dir(folder))
        .map_err(failed)?;
    Ok((path, items))
}

/// Deletes the table. A start that is killed afterwards leaves no table, and the next start creates it.
pub(super) fn delete(database: &Database, table: &Table) -> Result<(), TableError> {
    let delete = request(json!({"TableName": table.name})).map_err(engine(table))?;
    database.delete_table(delete).map_err(engine(table))?;
    Ok(())
}

fn page(database: &Database, table: &Table, after: &Value) -> Result<Value, TableError> {
    let mut scan = json!({"TableName": table.name, "Limit": PAGE});
    if !after.is_null() {
        scan["ExclusiveStartKey"] = after.clone();
    }
    let scan = request(scan).map_err(engine(table))?;
    let page = database.scan(scan).map_err(engine(table))?;
    serde_json::to_value(page).map_err(|error| engine(table)(super::internal(error)))
}

/// Returns the first of `{name}.jsonl`, `{name}-2.jsonl`, … that does not exist.
fn unused(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(format!("{name}.jsonl"));
    let mut number = 2;
    while path.exists() {
        path = folder.join(format!("{name}-{number}.jsonl"));
        number += 1;
    }
    path
}
