//! Each service is stopped in turn. The other routes answer as before, and what was missed arrives when it is back.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use super::{
    catalogue::{Service, services},
    document,
    line::{download, received},
    requests::{Answer, request_all},
    world::World,
};
use crate::{
    operator::assert_exit,
    products::{first_file, path},
    support::{TestApp, eventually},
};

/// What a stopped service changes.
#[derive(Debug)]
pub struct Outage {
    pub service: Service,
    /// The routes of other services that answer in another way.
    pub changed: BTreeMap<String, Answer>,
}

#[tokio::test]
async fn while_a_service_is_stopped_the_others_work_and_what_it_missed_arrives() {
    let app = TestApp::start_with_mail(&[]);
    let calm = calm(&app).await;
    let mut outages = Vec::new();
    for service in services() {
        outages.push(stop(&app, service, &calm).await);
    }
    let found = document::generate(&outages);
    fs::write(document::UPDATED, &found).unwrap();
    assert!(
        found == document::CURRENT,
        "docs/SERVICES_DOWN.md is out of date: copy {} to it",
        document::UPDATED
    );
}

/// Returns what every route answers while everything works.
async fn calm(app: &TestApp) -> BTreeMap<String, Answer> {
    let world = World::new(app, "calm").await;
    let answers = request_all(app, &world, "calm").await;
    let good = answers.iter().filter(|(_, (status, _))| *status < 300);
    // The rest has no upload in parts, no mail and no lock.
    assert!(good.count() >= 60, "{answers:#?}");
    let failed = |(_, (status, _)): &&(String, Answer)| *status >= 500 && *status != 501;
    assert_eq!(answers.iter().find(failed), None);
    app.settled().await;
    answers.into_iter().collect()
}

async fn stop(app: &TestApp, service: Service, calm: &BTreeMap<String, Answer>) -> Outage {
    let world = World::new(app, &service.name).await;
    for function in &service.functions {
        app.stop_function(function).await;
    }
    let mut changed = BTreeMap::new();
    for (route, answer) in request_all(app, &world, &service.name).await {
        if service.routes.contains(&route) {
            assert_eq!(answer.0, 503, "{route} of {}", service.name);
        } else if calm[&route] != answer {
            changed.insert(route, answer);
        }
    }
    app.press(&world.page, "pay", "").await.expect(303);
    let left = world.leave().await;
    // A stopped relay, which has no queue, leaves the changes in the streams; everything else has an end.
    if !service.queues.is_empty() {
        app.settled().await;
    }
    for function in &service.functions {
        app.start_function(function).await;
    }
    if left != 204 {
        assert_eq!((left, world.leave().await), (503, 204));
    }
    world.buyer.until_order_is(&world.open_order, "paid").await;
    app.settled().await;
    redrive(app);
    app.settled().await;
    assert_eq!(redrive(app), Vec::<String>::new(), "of {}", service.name);
    assert_nothing_is_missed(app, &world).await;
    eprintln!("{}: {changed:?}", service.name);
    Outage { service, changed }
}

/// Moves all dead letters back. Returns the queues that they came from.
pub fn redrive(app: &TestApp) -> Vec<String> {
    let (listed, _) = assert_exit(&app.run_queues(&["list", "--json"]), 0);
    let mut found = Vec::new();
    for line in listed.lines() {
        let queue: Value = serde_json::from_str(line).unwrap();
        if queue["deadLetters"] == true && queue["waiting"] != 0 {
            let name = queue["name"].as_str().unwrap();
            assert_exit(&app.run_queues(&["redrive", name, "--all"]), 0);
            let name = name.strip_prefix("cloakroom-dev-").unwrap();
            found.push(name.replace("DeadLetters", "Queue"));
        }
    }
    found
}

async fn assert_nothing_is_missed(app: &TestApp, world: &World<'_>) {
    let product = world.product["id"].as_str().unwrap();
    let entry = world.buyer.get(&format!("/library/{product}")).await;
    entry.expect(200);
    assert_eq!(
        download(&world.buyer, first_file(&world.product)).await,
        b"tea"
    );
    let receipts = async || {
        let mails = app.mails_to(&world.buyer_email).await.into_iter();
        mails
            .filter(|it| it["subject"].as_str().unwrap().contains("receipt"))
            .count()
    };
    // One for the order that was paid before, and one for that of the outage.
    eventually(async || receipts().await == 2).await;
    eventually(async || received(&world.receiver, "order.paid", &world.open_order).len() == 1)
        .await;
    let left = path(&json!({"id": world.left_product}), "");
    app.get(&left).await.expect(404);
    let order = json!({"productId": world.left_product});
    world.buyer.post("/orders", &order).await.expect(404);
    let is_told = |it: &crate::support::Received| {
        let event = it.json();
        event["type"] == "user.deleted" && event["data"]["userId"] == world.leaver.id.as_str()
    };
    eventually(async || world.receiver.received().iter().any(is_told)).await;
}
