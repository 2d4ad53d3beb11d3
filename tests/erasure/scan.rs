//! Scans of all tables of the template and of the bucket.

use serde_json::{Value, json};

use crate::support::{TestApp, seconds_from_now};

/// The longest time for which TTL may leave an item that names a deleted user, such as the count of mails to a mailbox.
const LONGEST: i64 = 49 * 60 * 60;

/// Tables whose items TTL deletes later, and what they have of a user.
const LATER: [(&str, i64); 2] = [
    // The id of the user of a session that has ended.
    ("cloakroom-dev-SessionsTable", 31 * 24 * 60 * 60),
    // The record of the deletion, with the id of the user and that of the address.
    ("cloakroom-dev-UsersTable", 14 * 24 * 60 * 60),
];

pub async fn dynamodb(app: &TestApp, operation: &str, body: &Value) -> Value {
    let target = format!("DynamoDB_20120810.{operation}");
    let response = app.call_engine("dynamodb", "local", &target, body).await;
    response.expect(200).json()
}

/// Stores an item.
pub async fn put(app: &TestApp, table: &str, item: &Value) {
    let body = json!({"TableName": format!("cloakroom-dev-{table}"), "Item": item});
    dynamodb(app, "PutItem", &body).await;
}

/// Returns the items of a partition.
pub async fn query(app: &TestApp, table: &str, key: &str, value: &str) -> Vec<Value> {
    let body = json!({
        "TableName": format!("cloakroom-dev-{table}"), "ConsistentRead": true,
        "KeyConditionExpression": "#key = :value",
        "ExpressionAttributeNames": {"#key": key},
        "ExpressionAttributeValues": {":value": {"S": value}},
    });
    dynamodb(app, "Query", &body).await["Items"]
        .as_array()
        .unwrap()
        .clone()
}

/// Returns each item of each table, with the name of the table.
pub async fn all_items(app: &TestApp) -> Vec<(String, Value)> {
    let tables = dynamodb(app, "ListTables", &json!({})).await;
    let tables = tables["TableNames"].as_array().unwrap();
    let template = include_str!("../../template.yaml");
    let in_template = template.matches("Type: AWS::DynamoDB::Table").count();
    assert!(tables.len() >= in_template, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let mut body = json!({"TableName": table, "ConsistentRead": true});
        loop {
            let page = dynamodb(app, "Scan", &body).await;
            let name = table.as_str().unwrap();
            let items = page["Items"].as_array().unwrap();
            found.extend(items.iter().map(|item| (name.to_owned(), item.clone())));
            match page.get("LastEvaluatedKey") {
                Some(key) => body["ExclusiveStartKey"] = key.clone(),
                None => break,
            }
        }
    }
    found
}

/// Asserts that no item of any table and no key of the bucket has one of these texts. An item that TTL deletes soon may have.
pub async fn assert_nothing_is_left(app: &TestApp, texts: &[&str]) {
    let items = all_items(app).await;
    assert!(items.len() > 10);
    let mut left = Vec::new();
    for (table, item) in items {
        let text = item.to_string();
        if texts.iter().any(|wanted| text.contains(wanted)) && !expires(&table, &item) {
            left.push(format!("{table}: {text}"));
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
    let keys = keys(app, "").await.join("\n");
    assert!(!texts.iter().any(|text| keys.contains(text)), "{keys}");
}

fn expires(table: &str, item: &Value) -> bool {
    let later = LATER.iter().find(|(name, _)| *name == table);
    let longest = later.map_or(LONGEST, |(_, longest)| *longest);
    let number = |text: &str| text.parse::<i64>().unwrap();
    let at = item["expires_at"]["N"].as_str().map(number);
    at.is_some_and(|at| at <= number(&seconds_from_now(longest)))
}

/// Returns the keys of an owner of which the bucket has a version, a delete marker or parts.
pub async fn objects_of(app: &TestApp, owner: &str) -> Vec<String> {
    keys(app, &format!("{owner}/")).await
}

async fn keys(app: &TestApp, prefix: &str) -> Vec<String> {
    let s3 = app.s3("local");
    let versions = s3.list_object_versions().bucket(app.bucket());
    let versions = versions.prefix(prefix).send().await.unwrap();
    let open = s3.list_multipart_uploads().bucket(app.bucket());
    let open = open.prefix(prefix).send().await.unwrap();
    let mut found: Vec<_> = versions
        .versions()
        .iter()
        .filter_map(|it| it.key())
        .collect();
    found.extend(versions.delete_markers().iter().filter_map(|it| it.key()));
    found.extend(open.uploads().iter().filter_map(|it| it.key()));
    found.into_iter().map(str::to_owned).collect()
}
