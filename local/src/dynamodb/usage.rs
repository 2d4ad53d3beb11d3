//! The items that an operation reads and writes, for the recording of a system's usage.

use bytes::Bytes;
use dynoxide::Database;
use serde_json::{Map, Value, json};

use super::execute::execute;

/// An operation, and the items that it reads or is going to write.
pub(super) struct Used {
    line: Value,
    /// The table, the key and the kind of each write.
    writes: Vec<(String, Value, &'static str)>,
}

impl Used {
    /// Reads the items before the operation is executed. Blocks.
    pub(super) fn before(database: &Database, operation: &str, body: &Bytes) -> Self {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut line = json!({
            "service": "dynamodb",
            "operation": operation,
            "consistent": request["ConsistentRead"] == true,
            "index": request["IndexName"],
        });
        let writes = writes(database, operation, &request);
        let reads = match operation {
            "GetItem" => vec![read(&request, &request["Key"])],
            "BatchGetItem" => batch(&request),
            _ => Vec::new(),
        };
        if operation == "BatchGetItem" {
            let tables = request["RequestItems"].as_object().into_iter().flatten();
            line["consistent"] = json!(
                tables
                    .map(|(_, of)| of)
                    .all(|of| of["ConsistentRead"] == true)
            );
        }
        line["reads"] = match operation {
            "Query" | "Scan" => scanned(database, operation, request),
            _ => reads
                .into_iter()
                .map(|(table, key)| item(database, &table, &key))
                .collect(),
        };
        line["before"] = items(database, &writes);
        Self { line, writes }
    }

    /// Reads the written items after the operation, and returns the line of the recording. Blocks.
    pub(super) fn after(mut self, database: &Database, is_done: bool) -> Value {
        self.line["done"] = json!(is_done);
        self.line["after"] = items(database, &self.writes);
        let of = |(table, _, kind): &(String, Value, &str)| json!({"table": table, "kind": kind});
        self.line["writes"] = self.writes.iter().map(of).collect();
        self.line
    }
}

/// Returns the table, the key and the kind of each write of an operation.
fn writes(
    database: &Database,
    operation: &str,
    request: &Value,
) -> Vec<(String, Value, &'static str)> {
    match operation {
        "PutItem" => vec![put(database, request)],
        "UpdateItem" => vec![keyed(request, "Update")],
        "DeleteItem" => vec![keyed(request, "Delete")],
        "TransactWriteItems" => {
            let parts = request["TransactItems"].as_array().into_iter().flatten();
            parts.filter_map(|part| part_of(database, part)).collect()
        }
        _ => Vec::new(),
    }
}

fn part_of(database: &Database, part: &Value) -> Option<(String, Value, &'static str)> {
    let (kind, body) = part.as_object()?.iter().find(|(_, body)| !body.is_null())?;
    match kind.as_str() {
        "Put" => Some(put(database, body)),
        "Update" => Some(keyed(body, "Update")),
        "Delete" => Some(keyed(body, "Delete")),
        "ConditionCheck" => Some(keyed(body, "Check")),
        _ => None,
    }
}

fn put(database: &Database, request: &Value) -> (String, Value, &'static str) {
    let table = text(&request["TableName"]);
    let described = run(database, "DescribeTable", &json!({"TableName": table}));
    let schema = described["Table"]["KeySchema"].as_array();
    let names = schema
        .into_iter()
        .flatten()
        .map(|key| text(&key["AttributeName"]));
    let key: Map<_, _> = names
        .map(|name| (name.clone(), request["Item"][&name].clone()))
        .collect();
    (table, Value::Object(key), "Put")
}

fn keyed(request: &Value, kind: &'static str) -> (String, Value, &'static str) {
    let (table, key) = read(request, &request["Key"]);
    (table, key, kind)
}

fn read(request: &Value, key: &Value) -> (String, Value) {
    (text(&request["TableName"]), key.clone())
}

fn batch(request: &Value) -> Vec<(String, Value)> {
    let tables = request["RequestItems"].as_object().into_iter().flatten();
    let keys = tables.flat_map(|(table, of)| {
        let keys = of["Keys"].as_array().into_iter().flatten();
        keys.map(|key| (table.clone(), key.clone()))
    });
    keys.collect()
}

/// Returns the items that a query or a scan evaluates: those before its filter, with all attributes.
fn scanned(database: &Database, operation: &str, mut request: Value) -> Value {
    let condition = text(&request["KeyConditionExpression"]);
    let Some(members) = request.as_object_mut() else {
        return Value::Null;
    };
    for other in [
        "FilterExpression",
        "ProjectionExpression",
        "Select",
        "ReturnConsumedCapacity",
    ] {
        members.remove(other);
    }
    // The engine refuses names and values that no expression uses.
    for used in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let Some(all) = members.get_mut(used).and_then(Value::as_object_mut) else {
            continue;
        };
        all.retain(|name, _| condition.contains(name.as_str()));
        if all.is_empty() {
            members.remove(used);
        }
    }
    run(database, operation, &request)["Items"].clone()
}

fn items(database: &Database, writes: &[(String, Value, &str)]) -> Value {
    let writes = writes.iter();
    writes
        .map(|(table, key, _)| item(database, table, key))
        .collect()
}

/// Reads a whole item; null if there is none.
fn item(database: &Database, table: &str, key: &Value) -> Value {
    let get = json!({"TableName": table, "Key": key, "ConsistentRead": true});
    run(database, "GetItem", &get)["Item"].clone()
}

fn run(database: &Database, operation: &str, request: &Value) -> Value {
    let done = execute(database, operation, request.to_string().as_bytes());
    let response = done.and_then(Result::ok).unwrap_or_default();
    serde_json::from_str(&response).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
