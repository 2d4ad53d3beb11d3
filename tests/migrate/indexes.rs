//! A migration waits for an index that the template adds.

use aws_sdk_dynamodb::Client;
use clock::Clock;
use migrations::{Down, Error, Event, Migration, Options, Runner, Stack, steps};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{LEDGER, Lab, USERS, client, holder};
use crate::support::faults::{Fault, Proxy};

fn list(index: &'static str) -> Vec<Migration> {
    vec![Migration {
        number: 1,
        name: "index",
        up: vec![steps::wait_for_index("UsersTable", index)],
        down: Down::Steps(Vec::new()),
    }]
}

fn runner(client: &Client, index: &'static str, events: &Arc<Mutex<Vec<Event>>>) -> Runner {
    let stack = Stack {
        client: client.clone(),
        ledger: LEDGER.to_owned(),
        tables: BTreeMap::from([("UsersTable".to_owned(), USERS.to_owned())]),
    };
    let events = Arc::clone(events);
    let observe = move |event| events.lock().unwrap().push(event);
    Runner::new(
        stack,
        list(index),
        Options::default(),
        Clock::system(),
        observe,
    )
}

#[tokio::test]
async fn a_migration_fails_before_its_index_is_deployed() {
    let lab = Lab::start();
    let events = Arc::default();
    let run = runner(&lab.client, "colours", &events);
    let error = run.up(&holder(), None).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NoIndex {
                index: "colours",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        format!(
            "{USERS} has no index colours. Deploy this version's template first, then run the migration"
        )
    );
    let error = run.dry_run(None, None).await.unwrap_err();
    assert!(matches!(error, Error::NoIndex { .. }), "{error}");
}

#[tokio::test]
async fn a_migration_waits_until_its_index_is_active() {
    let lab = Lab::start();
    let proxy = Proxy::in_front_of(lab.app.endpoint("dynamodb")).await;
    let mut descriptions = 0;
    proxy.plan(move |operation, _| {
        if operation != "DescribeTable" {
            return Fault::None;
        }
        descriptions += 1;
        // The first description is for the keys of the table, the second finds the index unfinished.
        let status = if descriptions > 2 {
            "ACTIVE"
        } else {
            "CREATING"
        };
        let table = json!({"Table": {
            "TableName": USERS,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [{"IndexName": "names", "IndexStatus": status}],
        }});
        Fault::Respond(200, table.to_string())
    });
    let events = Arc::default();
    let client = client(&lab.app, &proxy.url());
    runner(&client, "names", &events)
        .up(&holder(), None)
        .await
        .unwrap();
    let waits = events.lock().unwrap().len();
    assert_eq!(waits, 1, "{events:?}");
}
