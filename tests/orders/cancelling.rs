//! An order is cancelled, and ordered again.

use serde_json::json;

use super::shop::{id_of, page_of};
use crate::support::TestApp;

#[tokio::test]
async fn a_cancelled_order_cannot_be_paid_and_the_product_can_be_ordered_again() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let tea = app.offer(499).await;
    let first = ada.order(&tea).await;
    let path = format!("/orders/{}/cancel", id_of(&first));
    for _ in 0..2 {
        let cancelled = ada.post(&path, &json!({})).await.expect(200).json();
        assert_eq!(cancelled["order"]["status"], "cancelled");
    }
    app.press(&page_of(&first), "pay", "").await.expect(400);
    let second = ada.order(&tea).await;
    assert_ne!(id_of(&first), id_of(&second));
    app.press(&page_of(&second), "pay", "").await.expect(303);
    ada.until_order_is(&id_of(&second), "paid").await;
    let refused = ada
        .post(&format!("/orders/{}/cancel", id_of(&second)), &json!({}))
        .await;
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "already_paid".to_owned())
    );
    assert_eq!(ada.order_state(&id_of(&first)).await["status"], "cancelled");
}

#[tokio::test]
async fn an_order_that_was_paid_a_moment_ago_cannot_be_cancelled() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    app.set_hooks(json!({"holdWebhooks": true})).await;
    let created = ada.order(&app.offer(499).await).await;
    app.press(&page_of(&created), "pay", "").await.expect(303);
    let refused = ada
        .post(&format!("/orders/{}/cancel", id_of(&created)), &json!({}))
        .await;
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "already_paid".to_owned())
    );
    assert_eq!(ada.order_state(&id_of(&created)).await["status"], "paid");
}

#[tokio::test]
async fn a_cancelled_order_whose_checkout_call_failed_ends_too() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let tea = app.offer(499).await;
    app.set_hooks(json!({"failCalls": 3})).await;
    ada.post("/orders", &json!({"productId": tea}))
        .await
        .expect(503);
    let list = ada.get("/orders").await.expect(200).json();
    let id = list["items"][0]["id"].as_str().unwrap();
    app.set_hooks(json!({"loseReplies": 1})).await;
    let cancelled = ada.post(&format!("/orders/{id}/cancel"), &json!({})).await;
    assert_eq!(cancelled.expect(200).json()["order"]["status"], "cancelled");
    assert_eq!(app.checkout_of(id).await["status"], "expired");
}
