//! Failures of the network and of the database, and changes of items at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use clock::Clock;
use migrations::{Migration, Unusable, steps};
use serde_json::Value;

use super::{LEDGER, Lab, NAME, TABLE, client, client_with, holder, migration, runner, s, tally};
use crate::support::faults::{Fault, Proxy};

fn lower_names() -> Vec<Migration> {
    let up = steps::back_fill(TABLE, ["sort"], &["name"], |item| match item.get("name") {
        Some(AttributeValue::S(name)) => Ok(Some([s(name.to_lowercase())])),
        _ => Err(Unusable("no name")),
    });
    vec![migration(up, steps::remove(TABLE, ["sort"]))]
}

async fn prepared() -> (Lab, Proxy, Client) {
    let lab = Lab::start();
    lab.fill(30, |number| vec![("name", s(format!("Ada {number}")))])
        .await;
    let proxy = Proxy::in_front_of(lab.app.endpoint("dynamodb")).await;
    let client = client(&lab.app, &proxy.url());
    (lab, proxy, client)
}

async fn assert_complete(lab: &Lab) {
    let items = lab.dump(NAME).await;
    assert_eq!(items.len(), 30);
    for item in items {
        let AttributeValue::S(name) = &item["name"] else {
            panic!("{item:?}")
        };
        assert_eq!(item["sort"], s(name.to_lowercase()));
    }
    let ledger = lab.dump(LEDGER).await;
    assert_eq!(
        ledger.len(),
        1,
        "no lock and no progress is left: {ledger:?}"
    );
}

#[tokio::test]
async fn throttled_requests_are_sent_again() {
    let (lab, proxy, client) = prepared().await;
    let mut calls = 0;
    // Every second request of each kind, also those to the ledger.
    proxy.plan(move |_, _| {
        calls += 1;
        if calls % 2 == 0 {
            Fault::error(400, "ProvisionedThroughputExceededException")
        } else {
            Fault::None
        }
    });
    let done = runner(&client, lower_names(), Clock::system())
        .up(&holder(), None)
        .await;
    assert_eq!(done.unwrap()[0].tally, tally(30, 30));
    assert_complete(&lab).await;
}

#[tokio::test]
async fn lost_replies_change_nothing_twice_and_are_counted_once() {
    let (lab, proxy, client) = prepared().await;
    let mut calls = 0;
    proxy.plan(move |_, _| {
        calls += 1;
        if calls % 3 == 0 {
            Fault::LostReply
        } else {
            Fault::None
        }
    });
    let done = runner(&client, lower_names(), Clock::system())
        .up(&holder(), None)
        .await;
    assert_eq!(done.unwrap()[0].tally, tally(30, 30));
    assert_complete(&lab).await;
}

/// Changes the database directly while the proxy holds a request. The proxy waits, so the change has a thread of its own.
fn at_once<F>(
    lab: &Lab,
    change: impl Fn(Client) -> F + Send + Clone + 'static,
) -> Box<dyn Fn() + Send>
where
    F: Future<Output = ()>,
{
    let key = lab.app.access_key("local").to_owned();
    let (secret, url) = (
        lab.app.secret_key(&key),
        lab.app.endpoint("dynamodb").to_owned(),
    );
    Box::new(move || {
        let (change, keys) = (change.clone(), (key.clone(), secret.clone(), url.clone()));
        let thread = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let (key, secret, url) = keys;
            runtime
                .enable_all()
                .build()
                .unwrap()
                .block_on(async { change(client_with((&key, &secret), &url)).await });
        });
        thread.join().unwrap();
    })
}

fn key_of(body: &Value) -> HashMap<String, AttributeValue> {
    let id = body["Key"]["id"]["S"].as_str().unwrap();
    HashMap::from([("id".to_owned(), s(id))])
}

fn is_write(operation: &str, body: &Value) -> bool {
    operation == "UpdateItem" && body["TableName"] == NAME
}

/// A function changes an item after it was read: the item is read again, and the function's change is not overwritten.
#[tokio::test]
async fn a_change_of_an_item_at_the_same_time_is_not_overwritten() {
    let (lab, proxy, through) = prepared().await;
    let written = Arc::new(Mutex::new(HashMap::new()));
    let key = Arc::clone(&written);
    let rename = at_once(&lab, move |direct| {
        let key = key.lock().unwrap().clone();
        async move {
            let update = direct.update_item().table_name(NAME).set_key(Some(key));
            update
                .update_expression("SET #name = :name")
                .expression_attribute_names("#name", "name")
                .expression_attribute_values(":name", s("BOB"))
                .send()
                .await
                .unwrap();
        }
    });
    let mut changes = 0;
    proxy.plan(move |operation, body| {
        if is_write(operation, body) && changes < 3 {
            changes += 1;
            *written.lock().unwrap() = key_of(body);
            rename();
        }
        Fault::None
    });
    let (run, me) = (runner(&through, lower_names(), Clock::system()), holder());
    let done = run.up(&me, None).await.unwrap();
    assert_eq!(done[0].tally, tally(30, 30));
    assert_complete(&lab).await;
    let items = lab.dump(NAME).await;
    assert!(
        items
            .iter()
            .any(|item| item["name"] == s("BOB") && item["sort"] == s("bob")),
        "{items:?}"
    );
}

/// A deleted item is not created again.
#[tokio::test]
async fn an_item_that_is_deleted_at_the_same_time_stays_deleted() {
    let (lab, proxy, through) = prepared().await;
    let written = Arc::new(Mutex::new(HashMap::new()));
    let key = Arc::clone(&written);
    let delete = at_once(&lab, move |direct| {
        let key = key.lock().unwrap().clone();
        async move {
            let delete = direct.delete_item().table_name(NAME).set_key(Some(key));
            delete.send().await.unwrap();
        }
    });
    let mut is_deleted = false;
    proxy.plan(move |operation, body| {
        if is_write(operation, body) && !is_deleted {
            is_deleted = true;
            *written.lock().unwrap() = key_of(body);
            delete();
        }
        Fault::None
    });
    let (run, me) = (runner(&through, lower_names(), Clock::system()), holder());
    let done = run.up(&me, None).await.unwrap();
    assert_eq!(done[0].tally, tally(30, 29));
    assert_eq!(lab.dump(NAME).await.len(), 29);
}
