//! Data that outlives a version: local data of earlier versions, and `cloakroom migrate`.

mod both_shapes;
mod commands;
mod faults;
mod indexes;
mod killed;
mod lock;
mod old_data;
mod steps;

use std::{
    collections::{BTreeMap, HashMap},
    process::Output,
};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::AttributeValue,
};
use clock::Clock;
use migrations::{Down, Holder, Item, Migration, Options, Runner, Stack, Step, Tally};
use serde_json::Value;

use crate::support::TestApp;

/// The table whose items the test migrations change. Functions leave it alone in these tests.
const TABLE: &str = "UploadGrantsTable";
const NAME: &str = "cloakroom-dev-UploadGrantsTable";
const LEDGER: &str = "cloakroom-dev-MigrationsTable";
const USERS: &str = "cloakroom-dev-UsersTable";
const GRANTS: &str = "cloakroom-dev-ReadGrantsTable";

fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn client(app: &TestApp, url: &str) -> Client {
    let key = app.access_key("local");
    client_with((key, &app.secret_key(key)), url)
}

fn client_with((key, secret): (&str, &str), url: &str) -> Client {
    let credentials = Credentials::new(key, secret, None, None, "test");
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// A system, and a client of its database.
struct Lab {
    app: TestApp,
    client: Client,
}

impl Lab {
    fn start() -> Self {
        let app = TestApp::start();
        let client = client(&app, app.endpoint("dynamodb"));
        Self { app, client }
    }

    fn runner(&self, migrations: Vec<Migration>) -> Runner {
        runner(&self.client, migrations, Clock::system())
    }

    async fn put(&self, table: &str, item: Item) {
        let put = self.client.put_item().table_name(table);
        put.set_item(Some(item)).send().await.unwrap();
    }

    /// Puts items with the ids 0, 1, … and more attributes.
    async fn fill(
        &self,
        items: u32,
        attributes: impl Fn(u32) -> Vec<(&'static str, AttributeValue)>,
    ) {
        for number in 0..items {
            let more = attributes(number).into_iter();
            let mut item: Item = more.map(|(name, value)| (name.to_owned(), value)).collect();
            item.insert("id".to_owned(), s(format!("{number:04}")));
            self.put(NAME, item).await;
        }
    }

    /// All items of a table, by their keys.
    async fn dump(&self, table: &str) -> Vec<BTreeMap<String, AttributeValue>> {
        let pages = self.client.scan().table_name(table).consistent_read(true);
        let mut items = pages.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            found.push(item.unwrap().into_iter().collect::<BTreeMap<_, _>>());
        }
        found.sort_by_key(|item| format!("{item:?}"));
        found
    }

    /// Lets the lease of the lock end, as 45 seconds do.
    async fn end_lease(&self) {
        let key = HashMap::from([("id".to_owned(), s("lock"))]);
        let update = self.client.update_item().table_name(LEDGER);
        let update = update
            .set_key(Some(key))
            .update_expression("SET lease_ends_at = :zero");
        let update = update.condition_expression("attribute_exists(id)");
        let zero = AttributeValue::N("0".to_owned());
        // Without a lock, there is nothing to end.
        let _ = update
            .expression_attribute_values(":zero", zero)
            .send()
            .await;
    }

    /// Runs `cloakroom migrate …`.
    fn migrate(&self, args: &[&str]) -> Output {
        let url = self.app.endpoint("dynamodb");
        let mut command = self.app.operator_command("migrate", args, url);
        command.output().unwrap()
    }

    fn status(&self) -> Value {
        let output = self.migrate(&["status", "--json"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Puts read grants as versions before the index `received` wrote them, and removes all others.
    async fn old_grants(&self, count: u32) {
        for item in self.dump(GRANTS).await {
            let key = item
                .into_iter()
                .filter(|(name, _)| name == "upload" || name == "reader");
            let delete = self.client.delete_item().table_name(GRANTS);
            delete.set_key(Some(key.collect())).send().await.unwrap();
        }
        for number in 0..count {
            let upload = format!("01900000-0000-7000-8000-{number:012}");
            let item = [
                ("upload", s(upload)),
                ("reader", s("01900000-0000-7000-8000-00000000beef")),
                ("owner", s("01900000-0000-7000-8000-00000000abcd")),
                ("deletions", AttributeValue::N("0".to_owned())),
                (
                    "granted_at",
                    s(format!(
                        "2026-01-01T00:{:02}:{:02}.5Z",
                        number / 60,
                        number % 60
                    )),
                ),
            ];
            let owned = item.map(|(name, value)| (name.to_owned(), value));
            self.put(GRANTS, Item::from(owned)).await;
        }
    }
}

/// A runner with small pages and three segments.
fn runner(client: &Client, migrations: Vec<Migration>, clock: Clock) -> Runner {
    let stack = Stack {
        client: client.clone(),
        ledger: LEDGER.to_owned(),
        tables: BTreeMap::from([(TABLE.to_owned(), NAME.to_owned())]),
    };
    let options = Options {
        segments: 3,
        page: 7,
        writes: 6,
        items_per_second: None,
    };
    Runner::new(stack, migrations, options, clock, |_| {})
}

fn migration(up: Step, down: Step) -> Migration {
    Migration {
        number: 1,
        name: "test",
        up: vec![up],
        down: Down::Steps(vec![down]),
    }
}

fn holder() -> Holder {
    Holder {
        name: "a test".to_owned(),
        is_only_one: false,
    }
}

fn tally(read: u64, changed: u64) -> Tally {
    Tally {
        read,
        changed,
        unusable: 0,
    }
}

fn text(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(text).unwrap()
}
