//! The actions and resources that a request needs permission for, as the service authorization reference lists them.

use sam_template::{ACCOUNT, PARTITION, REGION};
use serde_json::Value;

use crate::iam::Context;

/// One action on one resource.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) context: Context,
}

impl Need {
    fn new(operation: &str, resource: String, part: &Value) -> Self {
        Self {
            action: format!("dynamodb:{operation}"),
            resource,
            context: context(operation, part),
        }
    }
}

/// Returns the condition keys of a request: the attributes that it names (`dynamodb:Attributes`, `dynamodb:Select`) and what
/// a write returns (`dynamodb:ReturnValues`)
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>).
fn context(operation: &str, part: &Value) -> Context {
    let attributes = match operation {
        "GetItem" | "BatchGetItem" | "Query" | "Scan" => {
            let Some(projection) = part["ProjectionExpression"].as_str() else {
                // The legacy parameter AttributesToGet is not read: the functions do not send it.
                let all = vec!["ALL_ATTRIBUTES".to_owned()];
                return Context::from([("dynamodb:Select", all)]);
            };
            read(projection, part)
        }
        "PutItem" | "UpdateItem" | "DeleteItem" | "ConditionCheckItem" => {
            let returned = part["ReturnValues"].as_str().unwrap_or("NONE").to_owned();
            return Context::from([
                ("dynamodb:Attributes", written(part)),
                ("dynamodb:ReturnValues", vec![returned]),
            ]);
        }
        // The attributes of other operations are not read: `?` satisfies no condition.
        _ => vec!["?".to_owned()],
    };
    Context::from([
        ("dynamodb:Attributes", attributes),
        ("dynamodb:Select", vec!["SPECIFIC_ATTRIBUTES".to_owned()]),
    ])
}

/// Returns the top-level attribute names in a projection expression.
fn projected(projection: &str, names: &Value) -> Vec<String> {
    let top_level = projection.split(',').map(|path| {
        let path = path.trim();
        path.split(['.', '[']).next().unwrap_or(path)
    });
    top_level
        .map(|name| names[name].as_str().unwrap_or(name).to_owned())
        .collect()
}

/// Returns the top-level attribute names in a read: in its keys, its projection and its conditions.
fn read(projection: &str, part: &Value) -> Vec<String> {
    let names = &part["ExpressionAttributeNames"];
    let mut all = projected(projection, names);
    let batch = part["Keys"].as_array().into_iter().flatten();
    let keys = batch.chain([&part["Key"]]).filter_map(Value::as_object);
    all.extend(keys.flat_map(|key| key.keys().cloned()));
    for expression in ["KeyConditionExpression", "FilterExpression"] {
        all.extend(named(part[expression].as_str().unwrap_or_default(), names));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Returns the top-level attribute names in a write: in its key, its item and its expressions. For the legacy parameters, it
/// is `?`, which satisfies no condition.
fn written(part: &Value) -> Vec<String> {
    let members = ["Key", "Item"].map(|member| part[member].as_object());
    let mut all: Vec<_> = members
        .into_iter()
        .flatten()
        .flat_map(|attributes| attributes.keys().cloned())
        .collect();
    for expression in ["UpdateExpression", "ConditionExpression"] {
        let text = part[expression].as_str().unwrap_or_default();
        all.extend(named(text, &part["ExpressionAttributeNames"]));
    }
    for legacy in ["AttributeUpdates", "Expected"] {
        if !part[legacy].is_null() {
            all.push("?".to_owned());
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Returns the top-level attribute names in an update or condition expression: its words except keywords, functions,
/// placeholders of values, and nested names after a dot.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html>
fn named(expression: &str, names: &Value) -> Vec<String> {
    const KEYWORDS: [&str; 9] = [
        "SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN",
    ];
    let is_word = |c: char| c.is_alphanumeric() || "_#:-.[]".contains(c);
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_word) {
        let word = &rest[start..];
        let (word, after) = word.split_at(word.find(|c| !is_word(c)).unwrap_or(word.len()));
        rest = after;
        let is_function = after.trim_start().starts_with('(')
            && !KEYWORDS.contains(&word.to_ascii_uppercase().as_str());
        let top_level = word.split(['.', '[']).next().unwrap_or(word);
        let is_keyword = KEYWORDS.contains(&top_level.to_ascii_uppercase().as_str());
        if !is_function && !is_keyword && !top_level.is_empty() && !top_level.starts_with(':') {
            found.push(names[top_level].as_str().unwrap_or(top_level).to_owned());
        }
    }
    found
}

/// Tells whether an operation may change an item.
pub(crate) fn may_write(operation: &str) -> bool {
    const READS: [&str; 6] = ["BatchGet", "Describe", "Get", "List", "Query", "Scan"];
    !READS.iter().any(|read| operation.starts_with(read))
}

/// Returns the permissions that a request needs.
pub(crate) fn needs(operation: &str, body: &Value) -> Vec<Need> {
    match operation {
        // A transaction needs the permissions of its parts and no others.
        "TransactWriteItems" | "TransactGetItems" => transaction(&body["TransactItems"]),
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables
                .map(|(table, part)| Need::new(operation, table_arn(table), part))
                .collect()
        }
        "Query" | "Scan" => {
            let mut resource = table_arn(body["TableName"].as_str().unwrap_or_default());
            if let Some(index) = body["IndexName"].as_str() {
                resource = format!("{resource}/index/{index}");
            }
            vec![Need::new(operation, resource, body)]
        }
        _ => {
            // An operation without a table is on all tables.
            let table = body["TableName"].as_str().unwrap_or("*");
            vec![Need::new(operation, table_arn(table), body)]
        }
    }
}

/// Returns the permissions that the parts of a transaction need.
fn transaction(items: &Value) -> Vec<Need> {
    let parts = items.as_array().into_iter().flatten();
    parts
        .filter_map(Value::as_object)
        .flatten()
        .map(|(kind, part)| {
            let operation = match kind.as_str() {
                "Put" => "PutItem",
                "Update" => "UpdateItem",
                "Delete" => "DeleteItem",
                "Get" => "GetItem",
                "ConditionCheck" => "ConditionCheckItem",
                other => other,
            };
            let table = part["TableName"].as_str().unwrap_or_default();
            Need::new(operation, table_arn(table), part)
        })
        .collect()
}

/// Returns the ARN of a table. A request may contain the ARN instead of the name.
fn table_arn(name: &str) -> String {
    if name.starts_with("arn:") {
        name.to_owned()
    } else {
        format!("arn:{PARTITION}:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(operation: &str, body: &Value) -> Vec<String> {
        let prefix = "arn:aws:dynamodb:us-east-1:000000000000:table/";
        needs(operation, body)
            .into_iter()
            .map(|need| format!("{} {}", need.action, need.resource.replace(prefix, "")))
            .collect()
    }

    #[test]
    fn an_operation_requires_its_action_on_its_table() {
        assert_eq!(
            of("GetItem", &json!({"TableName": "users"})),
            ["dynamodb:GetItem users"]
        );
        assert_eq!(
            of(
                "Query",
                &json!({"TableName": "users", "IndexName": "listing"})
            ),
            ["dynamodb:Query users/index/listing"]
        );
        assert_eq!(of("ListTables", &json!({})), ["dynamodb:ListTables *"]);
    }

    #[test]
    fn a_transaction_requires_the_actions_of_its_parts() {
        let body = json!({"TransactItems": [
            {"Put": {"TableName": "a"}},
            {"Update": {"TableName": "b"}},
            {"Delete": {"TableName": "c"}},
            {"ConditionCheck": {"TableName": "d"}},
        ]});
        assert_eq!(
            of("TransactWriteItems", &body),
            [
                "dynamodb:PutItem a",
                "dynamodb:UpdateItem b",
                "dynamodb:DeleteItem c",
                "dynamodb:ConditionCheckItem d",
            ]
        );
    }

    #[test]
    fn the_context_of_a_read_lists_its_attributes() {
        let context = |operation: &str, body: &Value| needs(operation, body).remove(0).context;
        let body = json!({
            "TableName": "a", "Key": {"owner": {"S": "x"}}, "ProjectionExpression": "id, #s, tags[0].x",
            "ExpressionAttributeNames": {"#s": "status"},
        });
        let some = context("GetItem", &body);
        assert_eq!(
            some["dynamodb:Attributes"],
            ["id", "owner", "status", "tags"]
        );
        assert_eq!(some["dynamodb:Select"], ["SPECIFIC_ATTRIBUTES"]);
        let all = context("GetItem", &json!({"TableName": "a"}));
        assert_eq!(all["dynamodb:Select"], ["ALL_ATTRIBUTES"]);
        assert!(!all.contains_key("dynamodb:Attributes"));
        let query = json!({
            "TableName": "a", "ProjectionExpression": "id", "KeyConditionExpression": "#o = :o AND id > :id",
            "FilterExpression": "attribute_exists(size)", "ExpressionAttributeNames": {"#o": "owner"},
        });
        let query = context("Query", &query);
        assert_eq!(query["dynamodb:Attributes"], ["id", "owner", "size"]);
    }

    #[test]
    fn the_context_of_a_write_lists_its_attributes() {
        let context = |operation: &str, body: &Value| needs(operation, body).remove(0).context;
        let update = context(
            "UpdateItem",
            &json!({
                "TableName": "a", "Key": {"email": {"S": "x"}},
                "UpdateExpression": "SET #s=:s, n = if_not_exists(n, :zero) + :one,tags[0].x = list_append (l, :l) \
                    REMOVE failures, a.b.#s add hits :one",
                "ConditionExpression": "attribute_not_exists(#h) and (size(v) > :one OR NOT(w IN (:one, :two))) \
                    AND k BETWEEN :one AND m AND contains(roles, :admin)",
                "ExpressionAttributeNames": {"#s": "status", "#h": "hash"},
                "ReturnValues": "ALL_OLD",
            }),
        );
        assert_eq!(
            update["dynamodb:Attributes"],
            [
                "a", "email", "failures", "hash", "hits", "k", "l", "m", "n", "roles", "status",
                "tags", "v", "w"
            ]
        );
        assert_eq!(update["dynamodb:ReturnValues"], ["ALL_OLD"]);
        let put = json!({"TableName": "a", "Item": {"id": {"S": "x"}, "hash": {"S": "x"}}});
        let put = context(
            "TransactWriteItems",
            &json!({"TransactItems": [{"Put": put}]}),
        );
        assert_eq!(put["dynamodb:Attributes"], ["hash", "id"]);
        assert_eq!(put["dynamodb:ReturnValues"], ["NONE"]);
        let old = json!({"TableName": "a", "Key": {"id": {"S": "x"}}, "AttributeUpdates": {}});
        assert_eq!(
            context("UpdateItem", &old)["dynamodb:Attributes"],
            ["?", "id"]
        );
    }

    #[test]
    fn a_batch_requires_its_action_on_each_table() {
        let body = json!({"RequestItems": {"a": [], "b": []}});
        assert_eq!(
            of("BatchWriteItem", &body),
            ["dynamodb:BatchWriteItem a", "dynamodb:BatchWriteItem b"]
        );
    }
}
