//! Events of the provider arrive late, early, repeated, and in any order.

use serde_json::{Value, json};

use super::shop::id_of;
use crate::support::TestApp;

/// An event about an order, as the provider sends it.
pub fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({
        "id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object},
    })
}

/// A checkout of an order.
pub fn session(order: &str, status: &str, payment_status: &str) -> Value {
    json!({
        "id": "cs_test_1", "object": "checkout.session", "status": status, "payment_status": payment_status,
        "url": null, "expires_at": 4_000_000_000_i64, "amount_total": 499, "currency": "eur", "livemode": false,
        "metadata": {"order": order}, "payment_intent": "pi_1",
    })
}

/// A charge of an order that was refunded.
pub fn refunded(order: &str, total: u64) -> Value {
    json!({
        "id": "ch_1", "object": "charge", "amount": 499, "amount_refunded": total, "currency": "eur",
        "livemode": false, "metadata": {"order": order}, "payment_intent": "pi_1",
    })
}

/// All orders of these indexes.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for next in 0..count {
        all = all
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, next);
                    order
                })
            })
            .collect();
    }
    all
}

#[tokio::test]
async fn every_order_of_events_ends_alike() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for (number, order) in permutations(4).into_iter().enumerate() {
        let id = id_of(&ada.order(&app.offer(499).await).await);
        let events = [
            (
                "checkout.session.completed",
                session(&id, "complete", "paid"),
            ),
            (
                "checkout.session.expired",
                session(&id, "expired", "unpaid"),
            ),
            (
                "checkout.session.async_payment_failed",
                session(&id, "complete", "unpaid"),
            ),
            ("charge.refunded", refunded(&id, 499)),
        ];
        for index in order {
            let (kind, object) = &events[index];
            let event = event(&format!("evt_{number}_{index}"), kind, object);
            for _ in 0..2 {
                app.send_webhook(&event).await.expect(204);
            }
        }
        let state = ada.order_state(&id).await;
        assert_eq!(
            (&state["status"], &state["refundedAmount"]),
            (&json!("refunded"), &json!(499))
        );
    }
}

#[tokio::test]
async fn a_late_end_does_not_undo_a_payment() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let id = id_of(&ada.order(&app.offer(499).await).await);
    let expired = event(
        "evt_1",
        "checkout.session.expired",
        &session(&id, "expired", "unpaid"),
    );
    let paid = event(
        "evt_2",
        "checkout.session.completed",
        &session(&id, "complete", "paid"),
    );
    for (event, status) in [(&expired, "expired"), (&paid, "paid"), (&expired, "paid")] {
        app.send_webhook(event).await.expect(204);
        assert_eq!(ada.order_state(&id).await["status"], status);
    }
    // The same event with another meaning is not applied: its id is known.
    let again = event("evt_2", "charge.refunded", &refunded(&id, 499));
    app.send_webhook(&again).await.expect(204);
    assert_eq!(ada.order_state(&id).await["status"], "paid");
}

#[tokio::test]
async fn a_payment_of_an_ended_order_keeps_its_buyer_from_buying_again() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let tea = app.offer(499).await;
    let first = id_of(&ada.order(&tea).await);
    ada.post(&format!("/orders/{first}/cancel"), &json!({}))
        .await
        .expect(200);
    let second = id_of(&ada.order(&tea).await);
    assert_ne!(first, second);
    let paid = event(
        "evt_1",
        "checkout.session.completed",
        &session(&first, "complete", "paid"),
    );
    app.send_webhook(&paid).await.expect(204);
    assert_eq!(ada.order_state(&first).await["status"], "paid");
    let refused = ada.post("/orders", &json!({"productId": tea})).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "already_purchased".to_owned())
    );
}

#[tokio::test]
async fn events_that_orders_do_not_use_are_accepted() {
    let app = TestApp::start();
    let other = event("evt_1", "customer.created", &json!({"id": "cus_1"}));
    app.send_webhook(&other).await.expect(204);
    let mut foreign = session("x", "complete", "paid");
    foreign["metadata"] = json!({});
    let foreign = event("evt_2", "checkout.session.completed", &foreign);
    app.send_webhook(&foreign).await.expect(204);
}
