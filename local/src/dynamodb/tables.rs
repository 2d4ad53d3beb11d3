//! Creates the template's tables when they are missing.

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
    /// The table in the database differs from the template.
    #[error(
        "table {table} exists with other {what} than in the template; \
         remove the data directory, or undo the change of the template"
    )]
    Changed {
        /// The table.
        table: String,
        /// What differs.
        what: &'static str,
    },
}

/// Creates missing tables and enables their time to live.
pub(crate) fn prepare(database: &Database, tables: &[Table]) -> Result<(), TableError> {
    tables.iter().try_for_each(|table| {
        let engine = |error: DynoxideError| TableError::Engine {
            table: table.name.clone(),
            problem: error.to_string(),
        };
        match describe(database, table).map_err(engine)? {
            Some(existing) => compare(table, &existing)?,
            None => create(database, table).map_err(engine)?,
        }
        enable_expiry(database, table).map_err(engine)
    })
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

fn compare(table: &Table, existing: &Value) -> Result<(), TableError> {
    let changed = |what| TableError::Changed {
        table: table.name.clone(),
        what,
    };
    if existing["KeySchema"] != table.create["KeySchema"] {
        return Err(changed("keys"));
    }
    for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        if index_keys(&existing[kind]) != index_keys(&table.create[kind]) {
            return Err(changed("indexes"));
        }
    }
    Ok(())
}

/// Returns the names and keys of indexes, sorted by name.
fn index_keys(indexes: &Value) -> Vec<(String, &Value)> {
    let mut keys: Vec<_> = indexes
        .as_array()
        .into_iter()
        .flatten()
        .map(|index| (index["IndexName"].to_string(), &index["KeySchema"]))
        .collect();
    keys.sort_by(|left, right| left.0.cmp(&right.0));
    keys
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sam_template::Template;

    use super::*;

    fn tables(range_key: &str) -> Vec<Table> {
        let text = format!(
            "
Resources:
  Users:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {{AttributeName: id, AttributeType: S}}
        - {{AttributeName: shard, AttributeType: S}}
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      GlobalSecondaryIndexes:
        - IndexName: listing
          KeySchema:
            - {{AttributeName: shard, KeyType: HASH}}
            - {{AttributeName: {range_key}, KeyType: RANGE}}
          Projection: {{ProjectionType: ALL}}
      TimeToLiveSpecification: {{AttributeName: expires_at, Enabled: true}}
"
        );
        let template = Template::parse(&text, &BTreeMap::new()).unwrap();
        template.tables().unwrap()
    }

    #[test]
    fn tables_are_created_once() {
        let database = Database::memory().unwrap();
        prepare(&database, &tables("id")).unwrap();
        prepare(&database, &tables("id")).unwrap();
        let described = describe(&database, &tables("id")[0]).unwrap().unwrap();
        assert_eq!(described["TableStatus"], "ACTIVE");
    }

    #[test]
    fn a_changed_table_is_an_error_with_a_remedy() {
        let database = Database::memory().unwrap();
        prepare(&database, &tables("id")).unwrap();
        let error = prepare(&database, &tables("shard2")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "table sam-app-Users exists with other indexes than in the template; \
             remove the data directory, or undo the change of the template"
        );
    }
}
