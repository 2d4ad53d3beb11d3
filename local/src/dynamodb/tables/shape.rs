//! Compares a table of the database with the template.

use serde_json::{Value, json};

/// A global secondary index: what `CloudFormation` cannot change without creating the index again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Index {
    pub(super) name: String,
    keys: Value,
    projection: Value,
}

/// Returns the keys of a table and of its local secondary indexes, with their types. `CloudFormation` replaces the table if
/// they change.
pub(super) fn keys(table: &Value) -> Value {
    let local = list(&table["LocalSecondaryIndexes"]);
    let mut local: Vec<_> = local.map(|index| index_of(table, index)).collect();
    local.sort_by(|left, right| left.name.cmp(&right.name));
    let local = local
        .into_iter()
        .map(|index| json!([index.name, index.keys, index.projection]));
    json!([
        typed_keys(table, &table["KeySchema"]),
        local.collect::<Vec<_>>()
    ])
}

/// Returns the global secondary indexes of a table.
pub(super) fn indexes(table: &Value) -> Vec<Index> {
    list(&table["GlobalSecondaryIndexes"])
        .map(|index| index_of(table, index))
        .collect()
}

fn index_of(table: &Value, index: &Value) -> Index {
    let projection = &index["Projection"];
    let mut attributes: Vec<_> = list(&projection["NonKeyAttributes"])
        .filter_map(Value::as_str)
        .collect();
    attributes.sort_unstable();
    Index {
        name: index["IndexName"].as_str().unwrap_or_default().to_owned(),
        keys: typed_keys(table, &index["KeySchema"]),
        projection: json!([projection["ProjectionType"], attributes]),
    }
}

/// Returns the attributes of a key, each with its role and its type.
fn typed_keys(table: &Value, schema: &Value) -> Value {
    let key = |key: &Value| {
        let definitions = &mut list(&table["AttributeDefinitions"]);
        let definition = definitions.find(|it| it["AttributeName"] == key["AttributeName"]);
        let kind = definition.map(|definition| definition["AttributeType"].clone());
        json!([key["AttributeName"], key["KeyType"], kind])
    };
    list(schema).map(key).collect()
}

fn list(values: &Value) -> impl Iterator<Item = &Value> {
    values.as_array().into_iter().flatten()
}
