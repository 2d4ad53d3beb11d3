//! The function is killed, or its replies get lost, at each of its calls of the database. An order is paid completely or not at
//! all, and a repetition succeeds: a payment has its product, and nothing else has.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use reqwest::Method;
use serde_json::json;

use super::{
    events::{event, session},
    shop::{id_of, page_of},
};
use crate::support::{
    Response,
    faults::{Fault, FaultySystem},
};

#[derive(Debug, Clone, Copy)]
enum Trouble {
    KilledBefore,
    KilledAfter,
    LostReply,
}

const ALL: [Trouble; 3] = [
    Trouble::KilledBefore,
    Trouble::KilledAfter,
    Trouble::LostReply,
];

/// Makes trouble at the `nth` call (from 0). Returns the counter of calls.
fn trouble_at(system: &FaultySystem, nth: usize, trouble: Trouble) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let (count, system_id) = (Arc::clone(&calls), system.app.pid());
    system.dynamodb.plan(move |_, _| {
        if count.fetch_add(1, Relaxed) != nth {
            return Fault::None;
        }
        let kill = |after_call| Fault::Kill {
            system: system_id,
            after_call,
        };
        match trouble {
            Trouble::KilledBefore => kill(false),
            Trouble::KilledAfter => kill(true),
            Trouble::LostReply => Fault::LostReply,
        }
    });
    calls
}

/// Repeats a request, and again while it meets an instance that is about to end.
async fn repeat<F: Future<Output = Response>>(request: impl Fn() -> F) -> Response {
    for _ in 0..3 {
        let response = request().await;
        if response.status < 500 {
            return response;
        }
    }
    request().await
}

#[tokio::test]
async fn an_interrupted_order_is_one_order_with_one_checkout() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    for trouble in ALL {
        for nth in 0.. {
            assert!(nth < 20, "the function makes 20 calls or more");
            let tea = app.offer(499).await;
            let order = || {
                let request = ada.request(Method::POST, "/orders");
                let request = request.header("idempotency-key", tea.clone());
                Response::to(request.json(&json!({"productId": tea})))
            };
            let before = app.checkouts().await.len();
            let calls = trouble_at(&system, nth, trouble);
            let first = order().await;
            let was_troubled = calls.load(Relaxed) > nth;
            system.dynamodb.always(&Fault::None);
            assert!(
                first.status == 201 || first.status >= 500,
                "{}",
                first.status
            );
            let created = repeat(order).await.expect(201).json();
            let open = ada.get("/orders?limit=100").await.expect(200).json();
            let open = open["items"].as_array().unwrap().clone();
            let open = open.iter().filter(|it| it["productId"] == tea.as_str());
            assert_eq!(open.count(), 1, "{trouble:?} at {nth}");
            assert_eq!(
                app.checkouts().await.len(),
                before + 1,
                "{trouble:?} at {nth}"
            );
            app.press(&page_of(&created), "pay", "").await.expect(303);
            ada.until_order_is(&id_of(&created), "paid").await;
            if !was_troubled {
                assert_eq!(first.status, 201);
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_interrupted_payment_event_is_applied_once_when_it_comes_again() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    for trouble in ALL {
        for nth in 0.. {
            assert!(nth < 20, "the function makes 20 calls or more");
            let id = id_of(&ada.order(&app.offer(499).await).await);
            let name = format!("evt_{trouble:?}_{nth}");
            let paid = event(
                &name,
                "checkout.session.completed",
                &session(&id, "complete", "paid"),
            );
            let calls = trouble_at(&system, nth, trouble);
            let first = app.send_webhook(&paid).await;
            let was_troubled = calls.load(Relaxed) > nth;
            system.dynamodb.always(&Fault::None);
            assert!(
                first.status == 204 || first.status >= 500,
                "{}",
                first.status
            );
            let again = repeat(|| app.send_webhook(&paid)).await;
            again.expect(204);
            assert_eq!(ada.order_state(&id).await["status"], "paid");
            let item = app.order_item(&id).await;
            assert_eq!(item["version"]["N"], "2", "{trouble:?} at {nth}");
            assert_eq!(item["payment"]["S"], "pi_1");
            if !was_troubled {
                assert_eq!(first.status, 204);
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_interrupted_refund_pays_back_once() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let (ada, admin) = (
        app.new_user("ada@example.com").await,
        app.admin("root@example.com").await,
    );
    for trouble in ALL {
        for nth in 0.. {
            assert!(nth < 20, "the function makes 20 calls or more");
            let created = ada.order(&app.offer(499).await).await;
            let id = id_of(&created);
            app.press(&page_of(&created), "pay", "").await.expect(303);
            ada.until_order_is(&id, "paid").await;
            let charge = app.charge_of(&id).await;
            let refund = || {
                let request = admin.request(Method::POST, &format!("/admin/orders/{id}/refund"));
                let request = request.header("idempotency-key", "once");
                Response::to(request.json(&json!({"amount": 100})))
            };
            app.set_hooks(json!({"holdWebhooks": true})).await;
            let calls = trouble_at(&system, nth, trouble);
            let first = refund().await;
            let was_troubled = calls.load(Relaxed) > nth;
            system.dynamodb.always(&Fault::None);
            assert!(
                first.status == 202 || first.status >= 500,
                "{}",
                first.status
            );
            repeat(refund).await.expect(202);
            app.set_hooks(json!({})).await;
            let charge = app.stand_in(&format!("/v1/charges/{charge}")).await;
            assert_eq!(charge["amount_refunded"], 100, "{trouble:?} at {nth}");
            let refunded = async || ada.order_state(&id).await["refundedAmount"] == 100;
            crate::support::eventually(refunded).await;
            if !was_troubled {
                assert_eq!(first.status, 202);
                break;
            }
        }
    }
}
