use serde_json::{Value, json};

use super::{FUNCTIONS, ask};
use crate::support::{PASSWORD, TestApp};

const ACTIONS: [&str; 10] = [
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "TransactWriteItems Put",
    "TransactWriteItems Update",
    "TransactWriteItems Delete",
    "TransactWriteItems ConditionCheck",
];

/// Function, table or index, and what is allowed there. What is not in here is denied.
const ALLOWED: [(&str, &str, &[&str]); 43] = [
    (
        "Signup",
        "Credentials",
        &["PutItem", "TransactWriteItems Put"],
    ),
    ("Signup", "Users", &["PutItem", "TransactWriteItems Put"]),
    (
        "Signup",
        "Idempotency",
        &[
            "GetItem",
            "PutItem",
            "UpdateItem",
            "TransactWriteItems Put",
            "TransactWriteItems Update",
        ],
    ),
    ("Signup", "SignUps", &["PutItem", "TransactWriteItems Put"]),
    ("Signup", "Outbox", &["PutItem", "TransactWriteItems Put"]),
    ("Recovery", "Outbox", &["PutItem", "TransactWriteItems Put"]),
    (
        "Recovery",
        "EmailTokens",
        &["GetItem", "DeleteItem", "TransactWriteItems Delete"],
    ),
    (
        "Recovery",
        "SignUps",
        &["GetItem", "DeleteItem", "TransactWriteItems Delete"],
    ),
    (
        "Recovery",
        "Credentials",
        &[
            "PutItem",
            "UpdateItem",
            "TransactWriteItems Put",
            "TransactWriteItems Update",
        ],
    ),
    (
        "Recovery",
        "Users",
        &[
            "PutItem",
            "UpdateItem",
            "TransactWriteItems Put",
            "TransactWriteItems Update",
        ],
    ),
    (
        "Recovery",
        "Limits",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    // It reads accounts, too, but never all of one: see tests/mail.
    (
        "Mailer",
        "EmailTokens",
        &["PutItem", "TransactWriteItems Put"],
    ),
    (
        "Mailer",
        "Limits",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Signin",
        "Credentials",
        &["GetItem", "UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Signup",
        "Limits",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Signin",
        "Limits",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Account",
        "Limits",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    ("Signin", "Users", &["GetItem"]),
    ("Signin", "Sessions", &["PutItem", "TransactWriteItems Put"]),
    (
        "Session",
        "Sessions",
        &[
            "GetItem",
            "UpdateItem",
            "DeleteItem",
            "TransactWriteItems Update",
            "TransactWriteItems Delete",
        ],
    ),
    (
        "Session",
        "Users",
        &["GetItem", "UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Session",
        "Credentials",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Users",
        "Users",
        &["GetItem", "UpdateItem", "TransactWriteItems Update"],
    ),
    ("Users", "Users/listing", &["Query"]),
    (
        "Account",
        "Credentials",
        &[
            "GetItem",
            "UpdateItem",
            "DeleteItem",
            "TransactWriteItems Update",
            "TransactWriteItems Delete",
        ],
    ),
    (
        "Account",
        "Users",
        &[
            "GetItem",
            "UpdateItem",
            "DeleteItem",
            "TransactWriteItems Update",
            "TransactWriteItems Delete",
        ],
    ),
    (
        "Account",
        "Sessions",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Admin",
        "Credentials",
        &[
            "UpdateItem",
            "DeleteItem",
            "TransactWriteItems Update",
            "TransactWriteItems Delete",
        ],
    ),
    (
        "Admin",
        "Users",
        &[
            "GetItem",
            "UpdateItem",
            "DeleteItem",
            "TransactWriteItems Update",
            "TransactWriteItems Delete",
            "TransactWriteItems ConditionCheck",
        ],
    ),
    ("Admin", "Users/listing", &["Query"]),
    (
        "Uploads",
        "Uploads",
        &[
            "GetItem",
            "PutItem",
            "Query",
            "TransactWriteItems Put",
            "TransactWriteItems ConditionCheck",
        ],
    ),
    // Of users and sessions it reads, too, but never all of one: see below.
    (
        "Uploads",
        "Limits",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Uploads",
        "Quotas",
        &["GetItem", "UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "Uploads",
        "UploadGrants",
        &["GetItem", "PutItem", "TransactWriteItems Put"],
    ),
    (
        "Uploads",
        "ReadGrants",
        &[
            "GetItem",
            "PutItem",
            "DeleteItem",
            "Query",
            "TransactWriteItems Put",
            "TransactWriteItems Delete",
        ],
    ),
    (
        "Uploads",
        "Idempotency",
        &["GetItem", "PutItem", "TransactWriteItems Put"],
    ),
    (
        "UploadLocks",
        "Uploads",
        &["GetItem", "PutItem", "TransactWriteItems Put"],
    ),
    // It changes credentials, too, but no attribute that is tried here: see below.
    ("UploadLocks", "Credentials", &["GetItem"]),
    ("UploadLocks", "Users", &["GetItem"]),
    (
        "UploadLocks",
        "Limits",
        &["UpdateItem", "TransactWriteItems Update"],
    ),
    (
        "UploadEvents",
        "Uploads",
        &["GetItem", "PutItem", "Query", "TransactWriteItems Put"],
    ),
    ("UploadEvents", "Uploads/due", &["Query"]),
    (
        "UploadEvents",
        "Quotas",
        &["GetItem", "UpdateItem", "Scan", "TransactWriteItems Update"],
    ),
];

const TABLES: [&str; 14] = [
    "Credentials",
    "Users",
    "Users/listing",
    "Sessions",
    "Idempotency",
    "Limits",
    "Uploads",
    "Uploads/due",
    "Quotas",
    "UploadGrants",
    "ReadGrants",
    "Outbox",
    "EmailTokens",
    "SignUps",
];

#[tokio::test]
async fn a_function_can_do_to_the_tables_what_its_role_says_and_no_more() {
    let app = TestApp::start_unrecorded(&[]);
    for function in FUNCTIONS {
        for table in TABLES {
            let row = ALLOWED
                .iter()
                .find(|row| (row.0, row.1) == (function, table));
            for action in ACTIONS {
                let Some((operation, body)) = request(action, table) else {
                    continue;
                };
                let what = format!("{function}: {action} on {table}");
                let allowed = row.is_some_and(|row| row.2.contains(&action));
                assert_eq!(
                    database(&app, function, operation, &body).await,
                    allowed,
                    "{what}"
                );
                // The request is one that would work.
                assert!(database(&app, "operator", operation, &body).await, "{what}");
            }
        }
    }
}

/// A request for an item that is nobody's; `None` when there is no such thing to ask of an index.
fn request(action: &str, table: &str) -> Option<(&'static str, Value)> {
    let (table, index) = table
        .split_once('/')
        .map_or((table, None), |(table, index)| (table, Some(index)));
    let key = match (table, index) {
        ("Uploads", Some(_)) => "due_shard",
        (_, Some(_)) => "shard",
        ("Credentials" | "SignUps", None) => "email",
        ("Uploads" | "Quotas", None) => "owner",
        ("ReadGrants", None) => "upload",
        _ => "id",
    };
    let name = format!("cloakroom-dev-{table}Table");
    let mut item = json!({key: {"S": "nobody"}});
    if table == "Uploads" {
        item["id"] = json!({"S": "nothing"});
    }
    if table == "ReadGrants" {
        item["reader"] = json!({"S": "nobody"});
    }
    let of_item = |part: &str| json!({"TableName": name, part: item});
    let transact = |kind: &str, body: Value| json!({"TransactItems": [{kind: body}]});
    let update = || {
        let mut body = of_item("Key");
        // What everybody may change who may change anything: see below.
        let attribute = match table {
            "Credentials" => "session_epoch",
            "Users" => "version",
            _ => "x",
        };
        body["UpdateExpression"] = json!(format!("SET {attribute} = :x"));
        body["ExpressionAttributeValues"] = json!({":x": {"S": "x"}});
        body
    };
    let mut search = json!({"TableName": name});
    if let Some(index) = index {
        search["IndexName"] = json!(index);
    }
    let query = || {
        let mut search = search.clone();
        search["KeyConditionExpression"] = json!("#key = :key");
        search["ExpressionAttributeNames"] = json!({"#key": key});
        search["ExpressionAttributeValues"] = json!({":key": {"S": "nobody"}});
        search
    };
    match action {
        "Query" => return Some(("Query", query())),
        "Scan" => return Some(("Scan", search)),
        _ if index.is_some() => return None,
        _ => {}
    }
    Some(match action {
        "GetItem" => ("GetItem", of_item("Key")),
        "PutItem" => ("PutItem", of_item("Item")),
        "UpdateItem" => ("UpdateItem", update()),
        "DeleteItem" => ("DeleteItem", of_item("Key")),
        "TransactWriteItems Put" => ("TransactWriteItems", transact("Put", of_item("Item"))),
        "TransactWriteItems Update" => ("TransactWriteItems", transact("Update", update())),
        "TransactWriteItems Delete" => ("TransactWriteItems", transact("Delete", of_item("Key"))),
        "TransactWriteItems ConditionCheck" => {
            let mut check = of_item("Key");
            check["ConditionExpression"] = json!("attribute_not_exists(nothing)");
            ("TransactWriteItems", transact("ConditionCheck", check))
        }
        other => panic!("no such action: {other}"),
    })
}

/// Whoever ends sessions or manages accounts gets at no hash: neither to write one, nor to read it, nor to guess at it.
#[tokio::test]
async fn who_may_change_an_account_may_not_touch_its_hash() {
    let app = TestApp::start_unrecorded(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let update = |set: &str, condition: &str, returned: &str| {
        json!({
            "TableName": "cloakroom-dev-CredentialsTable", "Key": {"email": {"S": "ada@example.com"}},
            "UpdateExpression": set, "ConditionExpression": condition, "ReturnValues": returned,
            "ExpressionAttributeNames": {"#a": "session_epoch"},
            "ExpressionAttributeValues": {":x": {"N": "1"}},
        })
    };
    let named = |name: &str| {
        let mut body = update("SET #a = :x", "attribute_exists(email)", "NONE");
        body["ExpressionAttributeNames"]["#a"] = json!(name);
        body
    };
    let of_all = "attribute_exists(#a)";
    for (function, body, allowed) in [
        ("Session", named("session_epoch"), true),
        ("Admin", named("session_epoch"), true),
        ("Session", named("roles"), false),
        ("Session", named("status"), false),
        ("Session", named("hash"), false),
        ("Admin", named("hash"), false),
        ("Admin", named("failures"), false),
        ("UploadLocks", named("failures"), true),
        ("UploadLocks", named("locked_until"), true),
        ("UploadLocks", named("hash"), false),
        ("UploadLocks", named("status"), false),
        ("UploadLocks", named("session_epoch"), false),
        (
            "Admin",
            update("SET #a = :x, hash = :x", of_all, "NONE"),
            false,
        ),
        (
            "Admin",
            update("SET #a = :x", "begins_with(hash, :x)", "NONE"),
            false,
        ),
        (
            "Admin",
            update("SET #a = hash", "#a <> :x", "UPDATED_NEW"),
            false,
        ),
        (
            "Session",
            update("SET #a = :x", of_all, "UPDATED_NEW"),
            true,
        ),
        ("Session", update("SET #a = :x", of_all, "ALL_NEW"), false),
        ("Admin", update("SET #a = :x", of_all, "ALL_OLD"), false),
    ] {
        let what = format!("{function}: {body}");
        let may = database(&app, function, "UpdateItem", &body).await;
        assert_eq!(may, allowed, "{what}");
        let mut part = body;
        part.as_object_mut().unwrap().remove("ReturnValues");
        let transaction = json!({"TransactItems": [{"Update": part}]});
        if !allowed && !what.contains("ALL_") {
            let may = database(&app, function, "TransactWriteItems", &transaction).await;
            assert!(!may, "{what} in a transaction");
        }
    }
    let handed_back = |part: &str| {
        json!({
            "TableName": "cloakroom-dev-CredentialsTable", part: {"email": {"S": "ada@example.com"}},
            "ReturnValues": "ALL_OLD",
        })
    };
    let (delete, put) = (handed_back("Key"), handed_back("Item"));
    assert!(!database(&app, "Admin", "DeleteItem", &delete).await);
    for function in ["Signup", "Recovery"] {
        assert!(
            !database(&app, function, "PutItem", &put).await,
            "{function}"
        );
    }
    let reset = update("SET #a = :x", of_all, "ALL_OLD");
    assert!(!database(&app, "Recovery", "UpdateItem", &reset).await);
}

/// IAM cannot require that an item is new. What it can keep a put from is in this test, and so is what it cannot.
#[tokio::test]
async fn signup_cannot_write_roles_or_get_what_it_replaces() {
    let app = TestApp::start_unrecorded(&[]);
    let ada = app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let id = ada.json()["user"]["id"].clone();
    for (table, key, value) in [
        ("Credentials", "email", json!("ada@example.com")),
        ("Users", "id", id),
    ] {
        let put = |attribute: &str| {
            json!({
                "TableName": format!("cloakroom-dev-{table}Table"),
                "Item": {key: {"S": value}, attribute: {"S": "x"}},
            })
        };
        for (attribute, allowed) in [
            ("session_epoch", true),
            ("roles", false),
            ("failures", false),
        ] {
            let transaction = json!({"TransactItems": [{"Put": put(attribute)}]});
            for (operation, body) in [
                ("PutItem", put(attribute)),
                ("TransactWriteItems", transaction),
            ] {
                let may = database(&app, "Signup", operation, &body).await;
                assert_eq!(may, allowed, "{operation} {attribute} in {table}");
            }
        }
    }
    for (table, key) in [
        ("Credentials", "email"),
        ("Users", "id"),
        ("SignUps", "email"),
        ("Outbox", "id"),
    ] {
        let returned = json!({
            "TableName": format!("cloakroom-dev-{table}Table"), "Item": {key: {"S": "x"}}, "ReturnValues": "ALL_OLD",
        });
        assert!(
            !database(&app, "Signup", "PutItem", &returned).await,
            "{table}"
        );
    }
}

/// A refresh takes the roles from Users, and an administrator is one by what stands there.
#[tokio::test]
async fn who_may_change_a_profile_may_not_change_what_its_owner_may_do() {
    let app = TestApp::start_unrecorded(&[]);
    let ada = app
        .sign_up("ada@example.com", PASSWORD)
        .await
        .expect(201)
        .json();
    for (name, allowed) in [
        ("name", true),
        ("profile", true),
        ("roles", false),
        ("status", false),
        ("session_epoch", false),
        ("email", false),
    ] {
        let update = json!({
            "TableName": "cloakroom-dev-UsersTable", "Key": {"id": {"S": ada["user"]["id"]}},
            "UpdateExpression": "SET #a = :x",
            "ExpressionAttributeNames": {"#a": name}, "ExpressionAttributeValues": {":x": {"S": "x"}},
        });
        let transaction = json!({"TransactItems": [{"Update": update}]});
        for (operation, body) in [("UpdateItem", update), ("TransactWriteItems", transaction)] {
            let may = database(&app, "Users", operation, &body).await;
            assert_eq!(may, allowed, "{operation} {name}");
        }
    }
}

/// One right is not a way to another: of a transaction or a batch, every part is looked at.
#[tokio::test]
async fn no_function_gets_at_a_table_by_a_detour() {
    let app = TestApp::start_unrecorded(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let table = |name: &str| format!("cloakroom-dev-{name}Table");
    let put = |name: &str, key: &str| json!({"Put": {"TableName": table(name), "Item": {key: {"S": "nobody"}}}});
    let keys = json!({"Keys": [{"email": {"S": "ada@example.com"}}]});
    let arn = format!(
        "arn:aws:dynamodb:us-east-1:000000000000:table/{}",
        table("Credentials")
    );
    let key = json!({"email": {"S": "ada@example.com"}});
    for (function, operation, body) in [
        (
            "Signup",
            "TransactWriteItems",
            json!({"TransactItems": [put("Credentials", "email"), put("Sessions", "id")]}),
        ),
        (
            "Signup",
            "TransactWriteItems",
            json!({"TransactItems": [{"ConditionCheck": {
                "TableName": table("Credentials"), "Key": key, "ConditionExpression": "attribute_exists(email)",
            }}]}),
        ),
        (
            "Signup",
            "TransactGetItems",
            json!({"TransactItems": [{"Get": {"TableName": table("Credentials"), "Key": key}}]}),
        ),
        ("Users", "GetItem", json!({"TableName": arn, "Key": key})),
        ("Admin", "GetItem", json!({"TableName": arn, "Key": key})),
        (
            "Admin",
            "TransactGetItems",
            json!({"TransactItems": [{"Get": {"TableName": table("Credentials"), "Key": key}}]}),
        ),
        (
            "Users",
            "BatchGetItem",
            json!({"RequestItems": {table("Credentials"): keys}}),
        ),
        (
            "Users",
            "BatchGetItem",
            json!({"RequestItems": {table("Users"): {"Keys": [{"id": {"S": "x"}}]}}}),
        ),
        (
            "Signup",
            "BatchWriteItem",
            json!({"RequestItems": {table("Users"): [{"PutRequest": {"Item": {"id": {"S": "x"}}}}]}}),
        ),
        (
            "Users",
            "ExecuteStatement",
            json!({"Statement": format!("SELECT * FROM \"{}\"", table("Credentials"))}),
        ),
    ] {
        let what = format!("{function}: {operation} {body}");
        assert!(!database(&app, function, operation, &body).await, "{what}");
    }
}

#[tokio::test]
async fn no_function_can_change_or_list_the_tables() {
    let app = TestApp::start_unrecorded(&[]);
    let table = json!({"TableName": "cloakroom-dev-UsersTable"});
    for function in FUNCTIONS {
        for operation in [
            "DescribeTable",
            "DeleteTable",
            "UpdateTable",
            "UpdateTimeToLive",
            "CreateTable",
            "ListTables",
        ] {
            let allowed = database(&app, function, operation, &table).await;
            assert!(!allowed, "{function}: {operation}");
        }
    }
    assert!(database(&app, "operator", "DescribeTable", &table).await);
}

/// Whether the database lets a function (or the `operator`) do this.
async fn database(app: &TestApp, who: &str, operation: &str, body: &Value) -> bool {
    let target = format!("DynamoDB_20120810.{operation}");
    ask(app, "dynamodb", who, &target, body).await.is_some()
}
