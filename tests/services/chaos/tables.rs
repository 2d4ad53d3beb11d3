//! The items of all tables that events change, without what differs between two runs: ids have names, and times are left out.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};

use regex_lite::Regex;
use serde_json::{Map, Value, json};

use crate::support::TestApp;

/// The items of each table.
pub type Tables = BTreeMap<String, Vec<String>>;

/// Attributes that depend on the time, on chance, or on how many events an item has seen.
const LEFT_OUT: [&str; 6] = [
    "shard",
    "due_shard",
    "revision",
    "version_id",
    "updated_at",
    "granted_at",
];

static ID: LazyLock<Regex> = LazyLock::new(|| {
    let groups = [8, 4, 4, 4, 12].map(|length| format!("[0-9a-f]{{{length}}}"));
    Regex::new(&groups.join("-")).unwrap()
});

/// The digest of a user's id, in the key of what names the user or marks the erasure.
static DIGEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(user|erased)#([0-9A-Za-z_-]{43})").unwrap());

/// Reads the tables of the services that hear events, and the table of users.
pub async fn read(app: &TestApp, names: &HashMap<String, String>) -> Tables {
    let services: Map<String, Value> =
        serde_json::from_str(include_str!("../../../ci/services.json")).unwrap();
    let owned = services.iter().filter(|(name, _)| *name != "accounts");
    let tables: BTreeSet<_> = owned
        .flat_map(|(_, service)| service["tables"].as_array().unwrap())
        .map(|table| table.as_str().unwrap())
        .chain(["UsersTable"])
        .collect();
    let names = Names {
        of_digests: names
            .iter()
            .map(|(id, name)| (auth::sha256(id), name.as_str()))
            .collect(),
        of_ids: names,
    };
    let mut found = Tables::new();
    for table in tables {
        let items = scan(app, table).await;
        // In the copy of sales, a right that has ended is as good as none.
        let items = items.iter().filter(|it| it["active"]["BOOL"] != false);
        let mut items: Vec<_> = items.map(|item| named(table, item, &names)).collect();
        items.sort();
        found.insert(table.to_owned(), items);
    }
    found
}

async fn scan(app: &TestApp, table: &str) -> Vec<Value> {
    let mut body = json!({"TableName": format!("cloakroom-dev-{table}"), "ConsistentRead": true});
    let mut items = Vec::new();
    loop {
        let scan = app.call_engine("dynamodb", "local", "DynamoDB_20120810.Scan", &body);
        let mut page = scan.await.expect(200).json();
        items.append(page["Items"].as_array_mut().unwrap());
        if page["LastEvaluatedKey"].is_null() {
            return items;
        }
        body["ExclusiveStartKey"] = page["LastEvaluatedKey"].take();
    }
}

/// The names of ids, which differ between two runs.
struct Names<'a> {
    of_ids: &'a HashMap<String, String>,
    of_digests: HashMap<String, &'a str>,
}

fn named(table: &str, item: &Value, names: &Names) -> String {
    let mut members: BTreeMap<&str, Value> = BTreeMap::new();
    // The copies of a removed product: whether its archiving or the erasure of its seller came first decides the version.
    let is_removed = item["removed"]["BOOL"] == true
        || (table == "ProductTitlesTable" && item["seller"].is_null());
    for (name, value) in item.as_object().unwrap() {
        // The checkout of a cancelled order may end by the provider's event first: one version more, with the same end.
        let is_counter = ["EntitlementsTable", "OrdersTable", "SoldFilesTable"].contains(&table);
        let counts_events = name == "version" && (is_removed || is_counter);
        // An order keeps the title that its product had in the copy at that moment.
        let is_frozen = name == "title" && table == "OrdersTable";
        if !LEFT_OUT.contains(&name.as_str()) && !counts_events && !is_frozen {
            members.insert(name, without_times(value));
        }
    }
    let text = serde_json::to_string(&members).unwrap();
    let name = |found: &regex_lite::Captures| {
        let known = names.of_ids.get(&found[0]).map(String::as_str);
        known.unwrap_or("an-id").to_owned()
    };
    let text = ID.replace_all(&text, name);
    let digest = |found: &regex_lite::Captures| {
        let user = names.of_digests.get(&found[2]).unwrap_or(&"a-user");
        format!("{}#{user}", &found[1])
    };
    DIGEST.replace_all(&text, digest).into_owned()
}

/// Replaces times and the provider's ids.
fn without_times(value: &Value) -> Value {
    match value {
        Value::String(text)
            if text
                .parse::<u64>()
                .is_ok_and(|number| number > 1_000_000_000) =>
        {
            json!("a time")
        }
        Value::String(text) if text.starts_with("20") && text.ends_with('Z') => json!("a time"),
        Value::String(text) if text.starts_with("cs_") => json!("a checkout"),
        Value::String(text) if text.starts_with("http") => json!("a URL"),
        // Events of the stand-in have random ids, those of this test have names.
        Value::String(text) if text.starts_with("evt_0") => json!("an event of the provider"),
        Value::Array(values) => values.iter().map(without_times).collect(),
        Value::Object(members) => {
            let members = members.iter();
            let mut members: Vec<_> = members
                .map(|(name, value)| (name.clone(), without_times(value)))
                .collect();
            // Maps have no order.
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            members.into_iter().collect()
        }
        other => other.clone(),
    }
}

/// Asserts that two runs end with the same items.
#[track_caller]
pub fn assert_same(calm: &Tables, found: &Tables) {
    let mut differences = Vec::new();
    for (table, items) in calm {
        let others = &found[table];
        // Items can be equal, as ids of events are left out: each is compared with one.
        let only = |these: &[String], those: &[String]| {
            let mut only = these.to_vec();
            for item in those {
                if let Some(equal) = only.iter().position(|it| it == item) {
                    only.swap_remove(equal);
                }
            }
            only
        };
        let (missing, more) = (only(items, others), only(others, items));
        if items != others {
            differences.push(format!(
                "{table}: missing {missing:#?}, not expected {more:#?}"
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    for table in [
        "EntitlementsTable",
        "OffersTable",
        "OrdersTable",
        "ProductTitlesTable",
        "SoldFilesTable",
    ] {
        assert!(!calm[table].is_empty(), "{table} has no item to compare");
    }
}
