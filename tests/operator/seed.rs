//! `cloakroom seed`.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use serde_json::{Value, json};

use super::assert_exit;
use crate::support::{PASSWORD, Response, SignedIn, TestApp, processes};

/// The end of the year that the times are in.
const UNTIL: &str = "2026-01-01T00:00:00Z";
/// The password of all accounts that are made up.
const SEEDED: &str = "cloakroom development";

/// The tables that the command fills, itself and by the events that follow.
const TABLES: [&str; 10] = [
    "Credentials",
    "Users",
    "Uploads",
    "Quotas",
    "Products",
    "Orders",
    "Offers",
    "Entitlements",
    "ProductTitles",
    "SoldFiles",
];

/// Returns all items of the tables that the command fills, sorted. The attributes of an item have no order, so they are sorted too.
async fn items(app: &TestApp) -> BTreeMap<&'static str, Vec<String>> {
    let mut tables = BTreeMap::new();
    // The stack's events fill the copies of other services.
    app.settled().await;
    for table in TABLES {
        let body =
            json!({"TableName": format!("cloakroom-dev-{table}Table"), "ConsistentRead": true});
        let target = "DynamoDB_20120810.Scan";
        let page = app.call_engine("dynamodb", "local", target, &body).await;
        let mut page = page.expect(200).json();
        page.sort_all_objects();
        assert!(page["LastEvaluatedKey"].is_null(), "{table} has one page");
        let items = page["Items"].as_array().unwrap().iter();
        let mut texts: Vec<_> = items.map(ToString::to_string).collect();
        texts.sort();
        tables.insert(table, texts);
    }
    tables
}

/// Removes what S3 chooses itself, and the times at which events arrived.
fn without_versions(
    mut tables: BTreeMap<&'static str, Vec<String>>,
) -> BTreeMap<&'static str, Vec<String>> {
    for text in tables.get_mut("Uploads").unwrap() {
        let mut item: Value = serde_json::from_str(text).unwrap();
        assert!(item.as_object_mut().unwrap().remove("version_id").is_some());
        *text = item.to_string();
    }
    // The library notes when it heard of an order.
    let rights = tables.get_mut("Entitlements").unwrap();
    for text in &mut *rights {
        let mut item: Value = serde_json::from_str(text).unwrap();
        item.as_object_mut()
            .unwrap()
            .retain(|name, _| !["granted_at", "updated_at"].contains(&name.as_str()));
        *text = item.to_string();
    }
    rights.sort();
    tables
}

fn seed(app: &TestApp, args: &[&str]) -> String {
    let output = app.seed_command(args).output().unwrap();
    assert_exit(&output, 0).0
}

/// Runs the daily repair, and returns what it corrected.
async fn repair(app: &TestApp) -> Value {
    let event = json!({"source": "cloakroom", "detail-type": "Repair", "detail": {}});
    let response = app
        .invoke_function("UploadEventsFunction", &event, &[])
        .await;
    assert_eq!(response.expect(200).header("x-amz-function-error"), None);
    let log = app.log_with(&["used_drift"]).await;
    let line = log.lines().rfind(|line| line.contains("used_drift"));
    let line = line.unwrap();
    let line: Value = serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap();
    let corrected = ["used_drift", "kept_drift", "surplus", "lost", "failed"];
    corrected.iter().map(|name| line[name].clone()).collect()
}

#[tokio::test]
async fn two_empty_systems_get_the_same_people_files_and_orders() {
    let args = [
        "--users",
        "300",
        "--uploads",
        "60",
        "--orders",
        "80",
        "--seed",
        "7",
        "--until",
        UNTIL,
    ];
    let (one, other) = (TestApp::start_with(&["LogLevel=info"]), TestApp::start());
    let out = seed(&one, &args);
    assert!(
        out.contains("accounts: 300 created, 0 unchanged, 0 skipped"),
        "{out}"
    );
    assert!(
        out.contains("files: 60 created, 0 unchanged, 0 skipped"),
        "{out}"
    );
    assert!(
        out.contains("products: ") && out.contains(" created, 0 unchanged, 0 skipped (no person"),
        "{out}"
    );
    assert!(out.contains(SEEDED), "{out}");
    let filled = items(&one).await;
    seed(&other, &args);
    assert_eq!(
        without_versions(filled.clone()),
        without_versions(items(&other).await)
    );

    // Also on another day: without --until, the times of the first run are used again.
    let out = seed(&one, &args[..8]);
    assert!(
        out.contains("accounts: 0 created, 300 unchanged, 0 skipped"),
        "{out}"
    );
    assert!(
        out.contains("files: 0 created, 60 unchanged, 0 skipped"),
        "{out}"
    );
    assert_eq!(items(&one).await, filled);
    assert_eq!(repair(&one).await, json!([0, 0, 0, 0, 0]));
    assert_eq!(items(&one).await["Uploads"], filled["Uploads"]);
}

/// Reads the address of an owner of files, and of one of the files.
fn owner_of_a_file(filled: &BTreeMap<&'static str, Vec<String>>) -> (String, Value) {
    let upload: Value = serde_json::from_str(&filled["Uploads"][0]).unwrap();
    let users = filled["Users"].iter();
    let mut users = users.map(|text| serde_json::from_str::<Value>(text).unwrap());
    let owner = users.find(|user| user["id"] == upload["owner"]).unwrap();
    (owner["email"]["S"].as_str().unwrap().to_owned(), upload)
}

#[tokio::test]
async fn people_sign_in_and_find_their_files() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    seed(&app, &["--users", "30", "--uploads", "10"]);
    let (email, upload) = owner_of_a_file(&items(&app).await);
    let owner = SignedIn::new(&app, app.sign_in(&email, SEEDED).await);
    let path = format!("/uploads/{}", upload["id"]["S"].as_str().unwrap());
    let shown = owner.get(&path).await.expect(200).json();
    assert_eq!(shown["upload"]["status"], "stored");
    let url = shown["download"]["url"].as_str().unwrap();
    let file = Response::to(reqwest::Client::new().get(url))
        .await
        .expect(200);
    let size = file.body.len().to_string();
    assert_eq!(upload["size"]["N"], size);
    let listed = admin.get("/admin/users?limit=100").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 31);
    let name = listed["items"][5]["name"].as_str().unwrap();
    let query: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let found = admin.get(&format!("/admin/users?name={query}")).await;
    assert_eq!(found.expect(200).json()["items"][0]["name"], name);
}

/// Returns the items of a table as JSON.
fn parsed(filled: &BTreeMap<&'static str, Vec<String>>, table: &str) -> Vec<Value> {
    let texts = filled[table].iter();
    texts
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

#[tokio::test]
async fn buyers_find_what_they_ordered_in_their_libraries() {
    let app = TestApp::start_with(&["LogLevel=info"]);
    seed(
        &app,
        &["--users", "30", "--uploads", "40", "--orders", "40"],
    );
    let filled = items(&app).await;
    let products = parsed(&filled, "Products");
    let orders = parsed(&filled, "Orders");
    let is_paid =
        |order: &&Value| order["settlement"]["S"] == "paid" && order["refunded"]["N"] == "0";
    let paid: Vec<_> = orders.iter().filter(is_paid).collect();
    assert!(
        products.len() > 3 && paid.len() > 10,
        "{products:?} {orders:?}"
    );
    assert!(orders.len() > paid.len());
    // A right for each order that is paid, and none for another.
    let held = parsed(&filled, "Entitlements");
    let held = held.iter().filter(|item| !item["granted_at"].is_null());
    assert_eq!(held.count(), paid.len());
    let users = parsed(&filled, "Users");
    let buyer = users
        .iter()
        .find(|user| user["id"] == paid[0]["buyer"])
        .unwrap();
    let email = buyer["email"]["S"].as_str().unwrap();
    let buyer = SignedIn::new(&app, app.sign_in(email, SEEDED).await);
    let product = paid[0]["product"]["S"].as_str().unwrap();
    let shown = buyer.get(&format!("/library/{product}")).await.expect(200);
    let file = shown.json()["item"]["files"][0]["uploadId"].clone();
    let file = format!("/uploads/{}", file.as_str().unwrap());
    buyer.get(&file).await.expect(200);
    assert_eq!(app.mails_to(email).await, [] as [Value; 0]);
}

/// The system has an account that is not made up, and one of an address that is.
#[tokio::test]
async fn existing_accounts_are_not_changed() {
    let app = TestApp::start();
    seed(&app, &["--users", "3", "--uploads", "0", "--until", UNTIL]);
    let first: Value = serde_json::from_str(&items(&app).await["Credentials"][0]).unwrap();
    let email = first["email"]["S"].as_str().unwrap();
    assert_exit(&app.run_users(&["delete", email, "--yes"]), 0);
    app.sign_up(email, PASSWORD).await.expect(201);
    let before = items(&app).await;
    let out = seed(&app, &["--users", "5", "--uploads", "20", "--until", UNTIL]);
    assert!(
        out.contains("accounts: 2 created, 2 unchanged, 1 skipped"),
        "{out}"
    );
    let after = items(&app).await;
    for table in ["Credentials", "Users"] {
        assert!(
            before[table].iter().all(|item| after[table].contains(item)),
            "{table}"
        );
    }
    app.sign_in(email, PASSWORD).await.expect(200);
    assert!(!out.contains("files: 20 created"), "{out}");
}

#[tokio::test]
async fn an_interrupted_run_is_completed_by_the_next() {
    let args = ["--users", "40", "--uploads", "120", "--until", UNTIL];
    let calm = TestApp::start();
    seed(&calm, &args);
    let expected = without_versions(items(&calm).await);
    let app = TestApp::start_with(&["LogLevel=info"]);
    for wait in [400, 700, 1000] {
        let mut command = app.seed_command(&args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        processes::signal(child.id(), "KILL");
        child.wait().unwrap();
    }
    seed(&app, &args);
    assert_eq!(without_versions(items(&app).await), expected);
    assert_eq!(repair(&app).await, json!([0, 0, 0, 0, 0]));
}

#[tokio::test]
async fn prod_is_refused_without_force() {
    let app = TestApp::start();
    let refused = app
        .seed_command_for("prod", &["--stack", "cloakroom-dev"])
        .output()
        .unwrap();
    let (_, err) = assert_exit(&refused, 1);
    assert!(err.contains("pass --force"), "{err}");
    let args = [
        "--stack",
        "cloakroom-dev",
        "--force",
        "--users",
        "1",
        "--uploads",
        "0",
    ];
    let forced = app.seed_command_for("prod", &args).output().unwrap();
    assert_exit(&forced, 0);
    let (_, err) = assert_exit(&app.seed_command(&["--users", "0"]).output().unwrap(), 1);
    assert!(err.contains("files need owners"), "{err}");
}
