//! The capacity that the engine reports is what AWS bills: the costs of routes are computed from it.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>

use dynoxide::Database;
use serde_json::{Value, json};

use super::execute::execute;

/// A table `t` with the key `id` (and `at`), an index of all attributes by `group`, and a sparse index of keys by `due`.
struct Engine(Database);

impl Engine {
    fn new() -> Self {
        let engine = Self(Database::memory().unwrap());
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let index = |name: &str, by: &str, projection: &str| {
            json!({
                "IndexName": name,
                "KeySchema": [key(by, "HASH")],
                "Projection": {"ProjectionType": projection},
            })
        };
        engine.run(
            "CreateTable",
            json!({
                "TableName": "t",
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [key("id", "HASH"), key("at", "RANGE")],
                "AttributeDefinitions": (["id", "at", "group", "due"].map(attribute)),
                "GlobalSecondaryIndexes": [
                    index("all", "group", "ALL"),
                    index("due", "due", "KEYS_ONLY"),
                ],
            }),
        );
        engine
    }

    fn run(&self, operation: &str, body: Value) -> Value {
        let done = execute(&self.0, operation, body.to_string().as_bytes()).unwrap();
        serde_json::from_str(&done.unwrap()).unwrap()
    }

    /// Returns the units of an operation on `t`.
    fn units(&self, operation: &str, mut body: Value) -> f64 {
        body["TableName"] = json!("t");
        body["ReturnConsumedCapacity"] = json!("TOTAL");
        let response = self.run(operation, body);
        response["ConsumedCapacity"]["CapacityUnits"]
            .as_f64()
            .unwrap()
    }

    fn put(&self, item: &Value) -> f64 {
        self.units("PutItem", json!({"Item": item}))
    }

    /// Returns the units of a transaction.
    fn transact(&self, parts: Value, token: &str) -> Value {
        let body = json!({
            "TransactItems": parts, "ClientRequestToken": token, "ReturnConsumedCapacity": "TOTAL",
        });
        let response = self.run("TransactWriteItems", body);
        response["ConsumedCapacity"][0].clone()
    }
}

/// Returns an item of exactly `size` bytes: the lengths of its names and values.
fn item(id: &str, size: usize) -> Value {
    let rest = size - "id".len() - id.len() - "at".len() - 1 - "text".len();
    json!({"id": {"S": id}, "at": {"S": "0"}, "text": {"S": "x".repeat(rest)}})
}

fn key(id: &str) -> Value {
    json!({"id": {"S": id}, "at": {"S": "0"}})
}

fn assert_units(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() < f64::EPSILON,
        "{what}: {found} instead of {expected}"
    );
}

#[test]
fn a_read_consumes_a_unit_for_each_4_kb_and_half_of_it_if_eventually_consistent() {
    let engine = Engine::new();
    for (id, size, units) in [("a", 100, 1.0), ("b", 4096, 1.0), ("c", 4097, 2.0)] {
        engine.put(&item(id, size));
        let get = |consistent: bool| {
            let body = json!({"Key": key(id), "ConsistentRead": consistent});
            engine.units("GetItem", body)
        };
        assert_units(get(true), units, id);
        assert_units(get(false), units / 2.0, id);
    }
    let missing = json!({"Key": key("missing"), "ConsistentRead": true});
    assert_units(engine.units("GetItem", missing), 1.0, "a missing item");
    let projected = json!({
        "Key": key("c"), "ConsistentRead": true,
        "ProjectionExpression": "id",
    });
    assert_units(engine.units("GetItem", projected), 2.0, "a part of an item");
}

#[test]
fn a_write_consumes_a_unit_for_each_kb_of_the_larger_item() {
    let engine = Engine::new();
    assert_units(engine.put(&item("a", 1024)), 1.0, "1 KB");
    assert_units(engine.put(&item("b", 1025)), 2.0, "more than 1 KB");
    assert_units(
        engine.put(&item("b", 100)),
        2.0,
        "a smaller item replaces it",
    );
    assert_units(engine.put(&item("b", 100)), 1.0, "the same item");
    engine.put(&item("c", 2500));
    let update = json!({
        "Key": key("c"),
        "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}},
    });
    assert_units(engine.units("UpdateItem", update), 3.0, "an update");
    let delete = |id: &str| engine.units("DeleteItem", json!({"Key": key(id)}));
    assert_units(delete("c"), 3.0, "a deletion");
    assert_units(delete("c"), 1.0, "a deletion of nothing");
}

#[test]
fn an_index_consumes_units_when_its_entry_changes() {
    let engine = Engine::new();
    let with = |attributes: Value| {
        let mut item = item("a", 100);
        let all = item.as_object_mut().unwrap();
        all.extend(attributes.as_object().unwrap().clone());
        item
    };
    let put = |attributes: Value, units: f64, what: &str| {
        assert_units(engine.put(&with(attributes)), units, what);
    };
    put(json!({}), 1.0, "in no index");
    put(json!({"due": {"S": "1"}}), 2.0, "a new entry");
    put(
        json!({"due": {"S": "1"}, "n": {"N": "1"}}),
        1.0,
        "an attribute that the index does not have",
    );
    put(
        json!({"due": {"S": "2"}, "n": {"N": "1"}}),
        3.0,
        "another key: the old entry is deleted",
    );
    put(json!({"n": {"N": "1"}}), 2.0, "the entry is deleted");
    put(
        json!({"group": {"S": "1"}, "n": {"N": "1"}}),
        2.0,
        "a new entry",
    );
    put(
        json!({"group": {"S": "1"}, "n": {"N": "2"}}),
        2.0,
        "an attribute that the index has",
    );
}

#[test]
fn a_query_consumes_the_sum_of_its_items_before_the_filter() {
    let engine = Engine::new();
    for at in 0..10 {
        let mut item = item("a", 500);
        item["at"]["S"] = json!(at.to_string());
        item["group"] = json!({"S": "g"});
        engine.put(&item);
    }
    let query = |more: Value| {
        let mut body = json!({
            "KeyConditionExpression": "id = :id",
            "ExpressionAttributeValues": {":id": {"S": "a"}},
        });
        let all = body.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        engine.units("Query", body)
    };
    // 5,060 bytes.
    assert_units(query(json!({"ConsistentRead": true})), 2.0, "consistent");
    assert_units(query(json!({})), 1.0, "eventually consistent");
    assert_units(query(json!({"Limit": 8})), 0.5, "up to a limit");
    let filtered = json!({
        "FilterExpression": "size(#text) < :zero",
        "ExpressionAttributeNames": {"#text": "text"},
        "ExpressionAttributeValues": {":id": {"S": "a"}, ":zero": {"N": "0"}},
    });
    assert_units(query(filtered), 1.0, "filtered");
    let values = |id: &str| json!({"ExpressionAttributeValues": {":id": {"S": id}}});
    assert_units(query(values("missing")), 0.5, "nothing found");
    let of_index = json!({
        "IndexName": "all",
        "KeyConditionExpression": "#group = :id",
        "ExpressionAttributeNames": {"#group": "group"},
        "ExpressionAttributeValues": {":id": {"S": "g"}},
    });
    assert_units(query(of_index), 1.0, "of an index");
}

#[test]
fn a_transaction_consumes_twice_as_much_and_a_repeated_one_is_a_read() {
    let engine = Engine::new();
    engine.put(&item("checked", 100));
    engine.put(&item("deleted", 2000));
    let parts = json!([
        {"Put": {"TableName": "t", "Item": item("a", 1500)}},
        {"Update": {
            "TableName": "t", "Key": key("b"),
            "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}},
        }},
        {"Delete": {"TableName": "t", "Key": key("deleted")}},
        {"ConditionCheck": {
            "TableName": "t", "Key": key("checked"),
            "ConditionExpression": "attribute_exists(id)",
        }},
    ]);
    // 2 KB, 1 KB, 2 KB and 1 KB.
    let first = engine.transact(parts.clone(), "token");
    assert_units(first["CapacityUnits"].as_f64().unwrap(), 12.0, "first");
    assert_units(first["WriteCapacityUnits"].as_f64().unwrap(), 12.0, "first");
    assert_eq!(first["ReadCapacityUnits"], Value::Null);
    let again = engine.transact(parts, "token");
    assert_units(again["ReadCapacityUnits"].as_f64().unwrap(), 8.0, "again");
    assert_eq!(again["WriteCapacityUnits"], Value::Null);
}

#[test]
fn capacity_is_reported_only_when_it_is_requested() {
    let engine = Engine::new();
    let put = json!({"TableName": "t", "Item": item("a", 100)});
    assert_eq!(engine.run("PutItem", put)["ConsumedCapacity"], Value::Null);
}
