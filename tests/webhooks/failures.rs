use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{attempt, create, delivery, make_due, messages, order, put_off, send_test};
use crate::support::{Answer, Receiver, TestApp, eventually};

/// The delays before the attempts after the first, in seconds.
const DELAYS: [f64; 7] = [5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0];

fn time(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap()
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_by_the_schedule_and_then_given_up() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    receiver.answer((0..8).map(|number| match number % 3 {
        0 => Answer::Status(500),
        1 => Answer::Close,
        _ => Answer::Redirect("http://127.0.0.1:1/".to_owned()),
    }));
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let id = send_test(&admin, &endpoint).await;
    for made in 0..8 {
        // The first attempt is due, and the system makes it at the same time.
        if made > 0 {
            make_due(&app, &endpoint, &id).await;
        }
        attempt(&app, &endpoint, &id, made).await;
        let at = usize::try_from(made).unwrap();
        let mut shown = Value::Null;
        eventually(async || {
            shown = delivery(&admin, &endpoint, &id).await;
            shown["attempts"].as_array().unwrap().len() == at + 1
        })
        .await;
        let last = &shown["attempts"][at];
        let expected = match made % 3 {
            0 => (json!(500), Value::Null),
            1 => (Value::Null, json!("connection")),
            _ => (json!(302), Value::Null),
        };
        assert_eq!((last["status"].clone(), last["failure"].clone()), expected);
        let Some(delay) = DELAYS.get(at) else {
            assert_eq!(shown["status"], "failed");
            assert_eq!(shown["nextAttemptAt"], Value::Null);
            continue;
        };
        assert_eq!(shown["status"], "pending");
        // `at` is the beginning of the attempt, and the delay begins at its end.
        let took = last["durationMs"].as_f64().unwrap() / 1_000.0;
        let after = (time(&shown["nextAttemptAt"]) - time(&last["at"])).as_seconds_f64() - took;
        assert!(
            after >= delay * 0.9 - 0.01 && after <= delay * 1.1 + 2.0,
            "{after} {delay}"
        );
        // Too early: nothing is sent.
        if made > 0 {
            attempt(&app, &endpoint, &id, made + 1).await;
        }
    }
    assert_eq!(receiver.received().len(), 8);
    let log = app.complete_log().await;
    assert!(
        !log.contains("the body of a response"),
        "the log has no response body"
    );
    let item = app
        .get_item(super::TABLE, &super::key(&endpoint, &id))
        .await;
    assert!(!item.to_string().contains("the body of a response"));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Status(410)]);
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let id = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &id, 0).await;
    let path = format!("/webhooks/{endpoint}");
    let reason =
        async || admin.get(&path).await.expect(200).json()["endpoint"]["disabledReason"].clone();
    eventually(async || reason().await == "gone").await;
    assert_eq!(delivery(&admin, &endpoint, &id).await["status"], "failed");
    let enabled = admin
        .patch(&path, &json!({"enabled": true}))
        .await
        .expect(200)
        .json();
    assert_eq!(enabled["endpoint"]["disabledReason"], Value::Null);
    let id = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &id, 0).await;
    receiver.wait_for(2).await;
}

#[tokio::test]
async fn five_days_of_failure_disable_an_endpoint_and_its_deliveries_are_given_up() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    receiver.answer([Answer::Status(503), Answer::Status(503)]);
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let id = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &id, 0).await;
    let path = format!("/webhooks/{endpoint}");
    let shown = async || admin.get(&path).await.expect(200).json()["endpoint"].clone();
    eventually(async || !shown().await["failingSince"].is_null()).await;
    put_off(&app, &endpoint, &id).await;
    let key = json!({"id": {"S": endpoint}});
    let values = json!({":long_ago": {"N": "0"}});
    let update = "SET failing_since = :long_ago";
    app.update_item("WebhookEndpoints", &key, update, &values)
        .await;
    let other = send_test(&admin, &endpoint).await;
    attempt(&app, &endpoint, &other, 0).await;
    eventually(async || shown().await["disabledReason"] == "failing").await;
    make_due(&app, &endpoint, &id).await;
    attempt(&app, &endpoint, &id, 1).await;
    eventually(async || delivery(&admin, &endpoint, &id).await["status"] == "failed").await;
    assert_eq!(
        receiver.received().len(),
        2,
        "a disabled endpoint gets nothing"
    );
}

#[tokio::test]
async fn a_dead_endpoint_delays_no_other() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let dead = Receiver::start().await;
    dead.answer((0..4).map(|_| Answer::Slow(Duration::from_mins(1), 200)));
    let (dead_id, _) = create(&admin, &dead.url).await;
    let (mut orders, mut others) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let receiver = Receiver::start().await;
        let (endpoint, _) = create(&admin, &receiver.url).await;
        others.push((receiver, endpoint));
    }
    // The local system has four instances of a function on a small machine, and each may wait for an endpoint.
    for _ in 0..2 {
        let id = send_test(&admin, &dead_id).await;
        orders.push(order(&dead_id, &id, 0));
    }
    for (_, endpoint) in &others {
        let id = send_test(&admin, endpoint).await;
        orders.push(order(endpoint, &id, 0));
    }
    let bodies: Vec<_> = orders.iter().map(String::as_str).collect();
    // The attempts at the dead endpoint take until their timeout: none has ended when the others have their events.
    let delivered = async {
        for (receiver, _) in &others {
            receiver.wait_for(1).await;
        }
        let path = format!("/webhooks/{dead_id}/deliveries?limit=100");
        admin.get(&path).await.expect(200).json()
    };
    let (_, of_dead) = tokio::join!(messages(&app, &bodies), delivered);
    for delivery in of_dead["items"].as_array().unwrap() {
        assert_eq!(delivery["status"], "pending", "{delivery}");
        assert_eq!(delivery["attempts"], json!([]), "{delivery}");
    }
}

#[tokio::test]
async fn a_failing_endpoint_gets_no_more_than_four_attempts_at_a_time() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    app.settled().await;
    let failing = Receiver::start().await;
    let slow = || Answer::Slow(Duration::from_secs(1), 500);
    failing.answer(std::iter::once(Answer::Status(500)).chain((0..40).map(|_| slow())));
    let (endpoint, _) = create(&admin, &failing.url).await;
    send_test(&admin, &endpoint).await;
    let path = format!("/webhooks/{endpoint}");
    eventually(async || {
        let shown = admin.get(&path).await.expect(200).json();
        !shown["endpoint"]["failingSince"].is_null()
    })
    .await;
    // The end of its id gives an event one of the four places.
    let (mut orders, mut places) = (Vec::new(), BTreeSet::new());
    while orders.len() < 8 || places.len() < 4 {
        let id = send_test(&admin, &endpoint).await;
        orders.push(order(&endpoint, &id, 0));
        places.insert(u8::from_str_radix(&id[id.len() - 2..], 16).unwrap() % 4);
    }
    let bodies: Vec<_> = orders.iter().map(String::as_str).collect();
    messages(&app, &bodies).await;
    failing.wait_for(5).await;
    let most = failing.most_at_once();
    assert!(most <= 4, "{most} attempts at a time");
}
