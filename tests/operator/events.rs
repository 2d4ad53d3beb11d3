//! `cloakroom events replay`.

use serde_json::json;

use super::assert_exit;
use crate::{
    products::{path, published},
    support::{
        PASSWORD,
        faults::{Fault, FaultySystem},
    },
};

/// Accepts the relay's events and loses them.
fn lose_events(system: &FaultySystem) {
    system.eventbridge.plan(|_, body| {
        let entries = body["Entries"].as_array().unwrap().iter();
        let accepted: Vec<_> = entries.map(|_| json!({"EventId": "lost"})).collect();
        let answer = json!({"FailedEntryCount": 0, "Entries": accepted});
        Fault::Respond(200, answer.to_string())
    });
}

#[tokio::test]
async fn lost_events_are_sent_again_from_the_tables() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let seller = app.seller("ada@example.com").await;
    let buyer = app.new_user("bob@example.com").await;
    app.settled().await;
    lose_events(&system);
    let product = published(&seller, "Tea").await;
    app.settled().await;
    let order = json!({"productId": product["id"]});
    buyer.post("/orders", &order).await.expect(404);

    let (out, _) = assert_exit(&app.run_events(&["replay"]), 0);
    // Two users, an upload, and a product.
    assert!(out.contains("4 events sent to cloakroom-dev\n"), "{out}");
    assert!(out.contains("ProductsTable: 1 items\n"), "{out}");
    app.settled().await;
    buyer.post("/orders", &order).await.expect(201);

    let gone = json!({"password": PASSWORD});
    seller.delete("/users/me", &gone).await.expect(204);
    app.settled().await;
    // A user whose deletion no record tells any more.
    let record = json!({"TableName": "cloakroom-dev-UsersTable", "Key": {"id": {"S": format!("deleted#{}", seller.id)}}});
    let target = "DynamoDB_20120810.DeleteItem";
    let removed = app.call_engine("dynamodb", "local", target, &record).await;
    removed.expect(200);
    let (out, _) = assert_exit(&app.run_events(&["replay"]), 0);
    assert!(out.contains("items name 1 users who do not exist"), "{out}");
    app.settled().await;
    app.get(&path(&product, "")).await.expect(200);
    let (out, _) = assert_exit(&app.run_events(&["replay", "--deleted-users"]), 0);
    assert!(out.contains("1 of them are `user.deleted`"), "{out}");
    app.settled().await;
    app.get(&path(&product, "")).await.expect(404);
}
