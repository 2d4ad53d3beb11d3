//! Executes operations on the embedded database: request JSON in, response JSON out.

use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};

/// Calls the method of an operation. Evaluates to `None` for an unknown operation.
macro_rules! call {
    ($operation:expr, $database:expr, $body:expr, { $($name:literal => $method:ident,)* }) => {
        match $operation {
            $($name => Some(read($body).and_then(|request| write(&$database.$method(request)?))),)*
            _ => None,
        }
    };
}

/// Executes `operation` and returns the response body, or `None` for an unknown operation. Blocks.
pub(crate) fn execute(
    database: &Database,
    operation: &str,
    body: &[u8],
) -> Option<Result<String, DynoxideError>> {
    call!(operation, database, body, {
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeStream" => describe_stream,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "GetRecords" => get_records,
        "GetShardIterator" => get_shard_iterator,
        "ListStreams" => list_streams,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| deserialization_error(&error.to_string()))
}

fn write<T: Serialize>(response: &T) -> Result<String, DynoxideError> {
    serde_json::to_string(response)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Converts a deserialization error. `DynamoDB` distinguishes invalid values from JSON of the wrong type; the engine
/// prefixes its own messages with the kind, as in `VALIDATION:Supplied AttributeValue is empty`.
fn deserialization_error(message: &str) -> DynoxideError {
    const VALIDATION: [&str; 5] = [
        "missing field",
        "unknown variant",
        "invalid type: null",
        "empty AttributeValue",
        "Supplied AttributeValue",
    ];
    // DynamoDB's messages have no position in the body.
    let text = message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text);
    let (mark, rest) = text.split_once(':').unwrap_or_default();
    if mark.starts_with("VALIDATION") {
        DynoxideError::ValidationException(rest.to_owned())
    } else if mark.starts_with("SERIALIZATION") {
        DynoxideError::SerializationException(rest.to_owned())
    } else if VALIDATION.iter().any(|known| text.contains(known)) {
        DynoxideError::ValidationException(text.to_owned())
    } else {
        DynoxideError::SerializationException(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn run(operation: &str, body: &Value) -> Option<Result<Value, Value>> {
        let database = Database::memory().unwrap();
        let done = execute(&database, operation, body.to_string().as_bytes())?;
        let parse = |text: String| serde_json::from_str(&text).unwrap();
        Some(
            done.map(parse)
                .map_err(|error| serde_json::from_str(&error.to_json()).unwrap()),
        )
    }

    #[test]
    fn an_operation_returns_json() {
        let listed = run("ListTables", &json!({}));
        assert_eq!(listed, Some(Ok(json!({"TableNames": []}))));
        assert_eq!(run("Nothing", &json!({})), None);
    }

    #[test]
    fn an_error_has_the_type_that_sdks_expect() {
        let get = json!({"TableName": "missing", "Key": {"id": {"S": "x"}}});
        let error = run("GetItem", &get).unwrap().unwrap_err();
        let kind = "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException";
        assert_eq!(error["__type"], kind);
    }

    #[test]
    fn a_request_of_the_wrong_type_is_refused() {
        for (body, kind) in [
            (json!({"TableName": 1}), "SerializationException"),
            (json!([]), "ValidationException"),
            (
                json!({"TableName": "t", "Key": {"id": {}}}),
                "ValidationException",
            ),
            (
                json!({"TableName": "t", "Key": {"id": {"S": 1}}}),
                "SerializationException",
            ),
        ] {
            let error = run("GetItem", &body).unwrap().unwrap_err();
            let found = error["__type"].as_str().unwrap();
            assert!(found.ends_with(kind), "{body}: {error}");
            assert!(!error.to_string().contains("at line"), "{error}");
            assert!(!error.to_string().contains("VALIDATION:"), "{error}");
        }
    }
}
