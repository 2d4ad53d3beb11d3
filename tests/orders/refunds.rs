//! Refunds by administrators, and disputes.

use reqwest::Method;
use serde_json::{Value, json};

use super::shop::{id_of, page_of};
use crate::support::{Response, SignedIn, TestApp, eventually};

async fn paid_order(app: &TestApp, ada: &SignedIn<'_>) -> String {
    let created = ada.order(&app.offer(499).await).await;
    app.press(&page_of(&created), "pay", "").await.expect(303);
    ada.until_order_is(&id_of(&created), "paid").await;
    id_of(&created)
}

async fn refund(admin: &SignedIn<'_>, order: &str, body: &Value, key: &str) -> Response {
    let request = admin.request(Method::POST, &format!("/admin/orders/{order}/refund"));
    Response::to(request.json(body).header("idempotency-key", key)).await
}

#[tokio::test]
async fn a_partial_refund_changes_the_total_and_a_full_one_the_status() {
    let app = TestApp::start();
    let (ada, admin) = (
        app.new_user("ada@example.com").await,
        app.admin("root@example.com").await,
    );
    let id = paid_order(&app, &ada).await;
    for _ in 0..3 {
        refund(&admin, &id, &json!({"amount": 100}), "one")
            .await
            .expect(202);
    }
    eventually(async || ada.order_state(&id).await["refundedAmount"] == 100).await;
    assert_eq!(ada.order_state(&id).await["status"], "paid");
    let other = refund(&admin, &id, &json!({"amount": 200}), "one").await;
    assert_eq!(
        (other.status, other.problem()),
        (422, "idempotency_key_reused".to_owned())
    );
    let too_much = refund(&admin, &id, &json!({"amount": 400}), "two").await;
    assert_eq!(
        (too_much.status, too_much.problem()),
        (409, "amount_exceeds_payment".to_owned())
    );
    // A lost reply: the same key is one refund.
    app.set_hooks(json!({"loseReplies": 2})).await;
    refund(&admin, &id, &json!({}), "all").await.expect(202);
    let order = ada.until_order_is(&id, "refunded").await;
    assert_eq!(order["refundedAmount"], 499);
    let path = format!("/admin/orders/{id}/refund");
    let again = admin.post(&path, &json!({})).await;
    assert_eq!(
        (again.status, again.problem()),
        (409, "not_refundable".to_owned())
    );
    // What was paid back can be bought again.
    let product = order["productId"].as_str().unwrap();
    assert_eq!(ada.order(product).await["order"]["status"], "pending");
}

#[tokio::test]
async fn only_a_paid_order_is_refunded() {
    let app = TestApp::start();
    let (ada, admin) = (
        app.new_user("ada@example.com").await,
        app.admin("root@example.com").await,
    );
    let open = id_of(&ada.order(&app.offer(499).await).await);
    let free = id_of(&ada.order(&app.offer(0).await).await);
    for id in [open, free] {
        let refused = refund(&admin, &id, &json!({}), "key").await;
        assert_eq!(
            (refused.status, refused.problem()),
            (409, "not_refundable".to_owned())
        );
    }
    let unknown = domain::OrderId::new(domain::Clock::system().now()).to_string();
    refund(&admin, &unknown, &json!({}), "key")
        .await
        .expect(404);
    refund(&ada, &unknown, &json!({}), "key").await.expect(403);
}

#[tokio::test]
async fn a_dispute_takes_the_right_until_it_is_won() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for (action, status) in [("win", "paid"), ("lose", "disputed")] {
        let id = paid_order(&app, &ada).await;
        let charge = app.charge_of(&id).await;
        app.press_payment(&charge, "dispute", "").await;
        let order = ada.until_order_is(&id, "disputed").await;
        let product = order["productId"].as_str().unwrap();
        let refused = ada.post("/orders", &json!({"productId": product})).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (409, "dispute_open".to_owned())
        );
        app.press_payment(&charge, action, "").await;
        let decided = if action == "win" { "won" } else { "lost" };
        eventually(async || app.order_item(&id).await["dispute"]["S"] == decided).await;
        assert_eq!(ada.order_state(&id).await["status"], status);
    }
}

#[tokio::test]
async fn a_refund_at_the_provider_changes_the_order() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let id = paid_order(&app, &ada).await;
    let charge = app.charge_of(&id).await;
    app.press_payment(&charge, "refund", "amount=99").await;
    eventually(async || ada.order_state(&id).await["refundedAmount"] == 99).await;
    app.press_payment(&charge, "refund", "").await;
    ada.until_order_is(&id, "refunded").await;
}
