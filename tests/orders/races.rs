//! Many requests and events at the same time.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    events::{event, session},
    shop::{id_of, page_of},
};
use crate::support::{Response, TestApp, is_full};

#[tokio::test]
async fn simultaneous_orders_are_one_order_with_one_checkout() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let tea = app.offer(499).await;
    let count = if is_full() { 200 } else { 40 };
    let mut requests = JoinSet::new();
    for number in 0..count {
        let request = ada.request(reqwest::Method::POST, "/orders");
        let request = request.json(&json!({"productId": tea}));
        // Some with keys of their own, some with the same, some without.
        let request = match number % 3 {
            0 => request.header("idempotency-key", format!("own-{number}")),
            1 => request.header("idempotency-key", "same"),
            _ => request,
        };
        requests.spawn(Response::to(request));
    }
    let answers: Vec<Value> = requests
        .join_all()
        .await
        .into_iter()
        .map(|response| response.expect(201).json())
        .collect();
    let ids: std::collections::BTreeSet<_> = answers.iter().map(id_of).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let list = ada.get("/orders").await.expect(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(app.checkouts().await.len(), 1);
    app.press(&page_of(&answers[0]), "pay", "")
        .await
        .expect(303);
    ada.until_order_is(&id_of(&answers[0]), "paid").await;
    app.press(&page_of(&answers[0]), "pay", "")
        .await
        .expect(400);
}

#[tokio::test]
async fn a_payment_event_that_arrives_many_times_at_once_has_one_effect() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    // The provider sends the same event 50 times at once, and 50 events say the same.
    app.set_hooks(json!({"repeatWebhooks": 49})).await;
    let created = ada.order(&app.offer(499).await).await;
    app.press(&page_of(&created), "pay", "").await.expect(303);
    ada.until_order_is(&id_of(&created), "paid").await;
    assert_eq!(app.order_item(&id_of(&created)).await["version"]["N"], "2");
    app.set_hooks(json!({})).await;

    let id = id_of(&ada.order(&app.offer(499).await).await);
    let paid = session(&id, "complete", "paid");
    let all = (0..50).map(|number| {
        let event = event(
            &format!("evt_{number}"),
            "checkout.session.completed",
            &paid,
        );
        let app = &app;
        async move { app.send_webhook(&event).await }
    });
    for response in futures_util::future::join_all(all).await {
        response.expect(204);
    }
    assert_eq!(app.order_item(&id).await["version"]["N"], "2");
}
