//! The functions are killed, or their replies get lost, at each of their calls to AWS. An order is paid completely or not at all,
//! and a repetition succeeds: a payment has its product, and nothing else has.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    events::{event, session},
    shop::{id_of, page_of},
};
use crate::{
    products::{first_file, published},
    services::line::download,
    support::{
        Response, SignedIn, TestApp,
        faults::FaultySystem,
        interruptions::{Interruption, at_every_call, retried},
        rounds,
    },
};

/// Orders a product with an idempotency key.
async fn order(buyer: &SignedIn<'_>, product: &str) -> Response {
    let request = buyer.request(Method::POST, "/orders");
    let request = request.header("idempotency-key", product);
    Response::to(request.json(&json!({"productId": product}))).await
}

/// Counts the caller's orders of a product.
async fn count_orders(buyer: &SignedIn<'_>, product: &str) -> usize {
    let list = buyer.get("/orders?limit=100").await.expect(200).json();
    let items = list["items"].as_array().unwrap().iter();
    items.filter(|it| it["productId"] == product).count()
}

#[tokio::test]
async fn an_interrupted_order_is_one_order_with_one_checkout() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    for how in Interruption::ALL {
        at_every_call(
            &system,
            how,
            async |_| (app.offer(499).await, app.checkouts().await.len()),
            async |(tea, _)| order(&ada, tea).await,
            async |case, (tea, before)| {
                let created = retried(async || order(&ada, &tea).await).await;
                let created = created.expect(201).json();
                assert_eq!(count_orders(&ada, &tea).await, 1, "{case}");
                assert_eq!(app.checkouts().await.len(), before + 1, "{case}");
                app.press(&page_of(&created), "pay", "").await.expect(303);
                ada.until_order_is(&id_of(&created), "paid").await;
            },
        )
        .await;
    }
}

#[tokio::test]
async fn an_interrupted_order_of_a_free_product_is_one_paid_order() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    for how in Interruption::ALL {
        at_every_call(
            &system,
            how,
            async |_| app.offer(0).await,
            async |tea| order(&ada, tea).await,
            async |case, tea| {
                let created = retried(async || order(&ada, &tea).await).await;
                let created = created.expect(201).json();
                assert_eq!(created["order"]["status"], "paid", "{case}");
                assert_eq!(count_orders(&ada, &tea).await, 1, "{case}");
            },
        )
        .await;
    }
    assert_eq!(app.checkouts().await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_interrupted_payment_event_is_applied_once_when_it_comes_again() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let ada = app.new_user("ada@example.com").await;
    for how in Interruption::ALL {
        at_every_call(
            &system,
            how,
            async |case| {
                let id = id_of(&ada.order(&app.offer(499).await).await);
                let session = session(&id, "complete", "paid");
                let paid = event(
                    &format!("evt_{case}"),
                    "checkout.session.completed",
                    &session,
                );
                (id, paid)
            },
            async |(_, paid)| app.send_webhook(paid).await,
            async |case, (id, paid)| {
                let again = retried(async || app.send_webhook(&paid).await).await;
                again.expect(204);
                assert_eq!(ada.order_state(&id).await["status"], "paid");
                let item = app.order_item(&id).await;
                assert_eq!(item["version"]["N"], "2", "{case}");
                assert_eq!(item["payment"]["S"], "pi_1");
            },
        )
        .await;
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
    let refund = async |id: &str| {
        let request = admin.request(Method::POST, &format!("/admin/orders/{id}/refund"));
        let request = request.header("idempotency-key", "once");
        Response::to(request.json(&json!({"amount": 100}))).await
    };
    for how in Interruption::ALL {
        at_every_call(
            &system,
            how,
            async |_| {
                let created = ada.order(&app.offer(499).await).await;
                let id = id_of(&created);
                app.press(&page_of(&created), "pay", "").await.expect(303);
                ada.until_order_is(&id, "paid").await;
                app.set_hooks(json!({"holdWebhooks": true})).await;
                id
            },
            async |id| refund(id).await,
            async |case, id| {
                retried(async || refund(&id).await).await.expect(202);
                app.set_hooks(json!({})).await;
                let charge = app.charge_of(&id).await;
                let charge = app.stand_in(&format!("/v1/charges/{charge}")).await;
                assert_eq!(charge["amount_refunded"], 100, "{case}");
                let refunded = async || ada.order_state(&id).await["refundedAmount"] == 100;
                crate::support::eventually(refunded).await;
            },
        )
        .await;
    }
}

/// All that follows from a payment is interrupted: the order, its event, the right in the library, and the right to the files.
#[tokio::test]
async fn an_interrupted_grant_is_one_right_to_the_files() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let seller = app.seller("ada@example.com").await;
    let product = published(&seller, "Tea").await;
    let id = product["id"].as_str().unwrap();
    let few = &[Interruption::KilledAfter][..];
    for how in rounds(few, &Interruption::ALL) {
        at_every_call(
            &system,
            *how,
            async |case| {
                let buyer = app.new_user(&format!("{case}@example.com")).await;
                app.settled().await;
                let created = buyer.order(id).await;
                (buyer, created)
            },
            async |(buyer, created)| {
                let pressed = app.press(&page_of(created), "pay", "").await;
                until_paid(buyer, &id_of(created)).await;
                app.settled().await;
                pressed
            },
            async |case, (buyer, created)| {
                buyer.until_order_is(&id_of(&created), "paid").await;
                app.settled().await;
                let entry = buyer.get(&format!("/library/{id}")).await.expect(200);
                assert_eq!(entry.json()["item"]["product"]["id"], id, "{case}");
                assert_eq!(download(&buyer, first_file(&product)).await, b"tea");
                assert_right_of(app, &buyer, id, 1).await;
            },
        )
        .await;
    }
}

#[tokio::test]
async fn an_interrupted_gift_is_one_right_until_it_is_taken_back() {
    let system = FaultySystem::start(10, &[]).await;
    let app = &system.app;
    let seller = app.seller("ada@example.com").await;
    let admin = app.admin("root@example.com").await;
    let product = published(&seller, "Tea").await;
    let id = product["id"].as_str().unwrap();
    let path = |user: &SignedIn<'_>| format!("/admin/users/{}/entitlements/{id}", user.id);
    for how in Interruption::ALL {
        at_every_call(
            &system,
            how,
            async |case| app.new_user(&format!("{case}@example.com")).await,
            async |user| admin.put(&path(user), &json!({})).await,
            async |_, user| {
                let given = retried(async || admin.put(&path(&user), &json!({})).await).await;
                given.expect(204);
                app.settled().await;
                assert_right_of(app, &user, id, 1).await;
                assert_eq!(download(&user, first_file(&product)).await, b"tea");
                let taken = admin.delete(&path(&user), &json!({})).await;
                taken.expect(204);
                app.settled().await;
                assert_right_of(app, &user, id, 2).await;
                user.get(&format!("/library/{id}")).await.expect(404);
            },
        )
        .await;
    }
}

/// Waits until an order is paid, while functions are killed.
async fn until_paid(buyer: &SignedIn<'_>, order: &str) {
    let path = format!("/orders/{order}");
    crate::support::eventually(async || {
        let shown = buyer.get(&path).await;
        shown.status == 200 && shown.json()["order"]["status"] == "paid"
    })
    .await;
}

/// Asserts the version of a right: how often it was changed.
async fn assert_right_of(app: &TestApp, user: &SignedIn<'_>, product: &str, version: u32) {
    let key = json!({"user": {"S": user.id}, "product": {"S": product}});
    let body =
        json!({"TableName": "cloakroom-dev-EntitlementsTable", "Key": key, "ConsistentRead": true});
    let target = "DynamoDB_20120810.GetItem";
    let found = app.call_engine("dynamodb", "local", target, &body).await;
    let item = found.expect(200).json()["Item"].clone();
    assert_eq!(item["version"]["N"], version.to_string(), "{item}");
}
