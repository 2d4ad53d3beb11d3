//! An order is paid at the stand-in.

use insta::assert_json_snapshot;
use serde_json::json;

use super::shop::{SELLER, id_of, page_of};
use crate::support::{TestApp, eventually};

#[tokio::test]
async fn an_order_is_paid_by_the_word_of_the_provider() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let tea = app.offer(499).await;
    let created = ada.order(&tea).await;
    assert_json_snapshot!(created, {
        ".order.id" => "[id]", ".order.productId" => "[product]", ".order.createdAt" => "[time]",
        ".order.updatedAt" => "[time]", ".checkout.url" => "[url]", ".checkout.expiresAt" => "[time]",
    }, @r#"
    {
      "order": {
        "id": "[id]",
        "productId": "[product]",
        "title": "Tea for beginners",
        "sellerId": "01890a5d-ac96-774b-bcce-b302099a8057",
        "price": {
          "amount": 499,
          "currency": "EUR"
        },
        "status": "pending",
        "refundedAmount": 0,
        "createdAt": "[time]",
        "updatedAt": "[time]"
      },
      "checkout": {
        "url": "[url]",
        "expiresAt": "[time]"
      }
    }
    "#);
    let (id, page) = (id_of(&created), page_of(&created));
    // A declined card changes nothing.
    app.press(&page, "decline", "").await.expect(402);
    assert_eq!(ada.order_state(&id).await["status"], "pending");
    let paid = app.press(&page, "pay", "").await.expect(303);
    let back = paid.header("location").unwrap();
    assert!(
        back.ends_with(&format!("/?order={id}&checkout=paid")),
        "{back}"
    );
    let order = ada.until_order_is(&id, "paid").await;
    assert!(order["paidAt"].is_string(), "{order}");
    let again = ada.post("/orders", &json!({"productId": tea})).await;
    assert_eq!(
        (again.status, again.problem()),
        (409, "already_purchased".to_owned())
    );
    let list = ada.get("/orders").await.expect(200).json();
    assert_eq!(list, json!({"items": [order], "next": null}));
    // A paid order is not in the index of pending orders.
    assert!(app.order_item(&id).await["due_at"].is_null());
}

#[tokio::test]
async fn an_open_order_is_answered_again_at_its_first_price() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let tea = app.offer(499).await;
    let first = ada.order(&tea).await;
    app.send_product(&tea, SELLER, "published", (999, "USD"))
        .await;
    assert_eq!(ada.order(&tea).await, first);
    app.send_product(&tea, SELLER, "archived", (999, "USD"))
        .await;
    assert_eq!(ada.order(&tea).await, first);
    assert_eq!(app.checkouts().await.len(), 1);
    let eve = app.new_user("eve@example.com").await;
    let refused = eve.post("/orders", &json!({"productId": tea})).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (404, "not_found".to_owned())
    );
}

#[tokio::test]
async fn a_free_product_needs_no_checkout() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let created = ada.order(&app.offer(0).await).await;
    assert_eq!(created["checkout"], json!(null));
    assert_eq!(created["order"]["status"], "paid");
    assert!(app.checkouts().await.is_empty());
}

#[tokio::test]
async fn sellers_cannot_order_their_own_products() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let tea = app.offer(499).await;
    app.send_product(&tea, &ada.id, "published", (499, "EUR"))
        .await;
    let refused = ada.post("/orders", &json!({"productId": tea})).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "own_product".to_owned())
    );
}

#[tokio::test]
async fn while_the_provider_fails_the_order_waits_and_the_same_request_continues_it() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let tea = app.offer(499).await;
    app.set_hooks(json!({"failCalls": 3})).await;
    let failed = ada.post("/orders", &json!({"productId": tea})).await;
    assert_eq!(
        (failed.status, failed.problem()),
        (503, "unavailable".to_owned())
    );
    assert!(failed.header("retry-after").is_some());
    let list = ada.get("/orders").await.expect(200).json();
    assert_eq!(list["items"][0]["status"], "pending");
    // A failure and a lost reply of one call are repeated within a request.
    app.set_hooks(json!({"failCalls": 1, "loseReplies": 1}))
        .await;
    let created = ada.order(&tea).await;
    assert_eq!(created["order"]["id"], list["items"][0]["id"]);
    assert_eq!(app.checkouts().await.len(), 1);
    app.press(&page_of(&created), "pay", "").await.expect(303);
    ada.until_order_is(&id_of(&created), "paid").await;
}

#[tokio::test]
async fn a_lost_webhook_costs_no_sale() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    app.set_hooks(json!({"holdWebhooks": true})).await;
    // The page asks when the buyer returns.
    let created = ada.order(&app.offer(499).await).await;
    let id = id_of(&created);
    app.press(&page_of(&created), "pay", "").await.expect(303);
    assert_eq!(ada.order_state(&id).await["status"], "pending");
    let asked = ada
        .get(&format!("/orders/{id}?refresh=true"))
        .await
        .expect(200)
        .json();
    assert_eq!(asked["order"]["status"], "paid");
    // The reconciler asks when the order is pending for long.
    let created = ada.order(&app.offer(499).await).await;
    let id = id_of(&created);
    app.press(&page_of(&created), "pay", "").await.expect(303);
    reconcile(&app).await;
    assert_eq!(
        ada.order_state(&id).await["status"],
        "pending",
        "it is not due"
    );
    let body = json!({
        "TableName": "cloakroom-dev-OrdersTable", "Key": {"id": {"S": id}}, "UpdateExpression": "SET due_at = :now",
        "ExpressionAttributeValues": {":now": {"N": "1"}},
    });
    let update = app.call_engine("dynamodb", "local", "DynamoDB_20120810.UpdateItem", &body);
    update.await.expect(200);
    reconcile(&app).await;
    assert_eq!(ada.order_state(&id).await["status"], "paid");
}

async fn reconcile(app: &TestApp) {
    let event: serde_json::Value =
        serde_json::from_str(include_str!("../../events/orders-reconcile.json")).unwrap();
    let answer = app.invoke_function("OrdersFunction", &event, &[]).await;
    answer.expect(200);
}

#[tokio::test]
async fn a_payment_by_bank_is_paid_when_the_money_arrives() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for (action, status) in [("succeed", "paid"), ("fail", "failed")] {
        let created = ada.order(&app.offer(499).await).await;
        let (id, page) = (id_of(&created), page_of(&created));
        app.press(&page, "pay-by-bank", "").await.expect(303);
        let cancelled = ada.post(&format!("/orders/{id}/cancel"), &json!({})).await;
        assert_eq!(
            (cancelled.status, cancelled.problem()),
            (409, "payment_in_progress".to_owned())
        );
        let session = page.rsplit('/').next().unwrap();
        app.press_payment(session, action, "").await;
        ada.until_order_is(&id, status).await;
    }
}

#[tokio::test]
async fn a_deleted_user_leaves_orders_under_a_pseudonym() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let paid = ada.order(&app.offer(499).await).await;
    app.press(&page_of(&paid), "pay", "").await.expect(303);
    ada.until_order_is(&id_of(&paid), "paid").await;
    let open = ada.order(&app.offer(499).await).await;
    let data = json!({"userId": ada.id});
    app.send_event("user.deleted", &format!("user/{}", ada.id), 2, data)
        .await;
    let item = app.order_item(&id_of(&paid)).await;
    assert_eq!(item["settlement"]["S"], "paid");
    let open = app.order_item(&id_of(&open)).await;
    assert_eq!(open["settlement"]["S"], "cancelled");
    let body = json!({"TableName": "cloakroom-dev-OrdersTable"});
    let scan = app
        .call_engine("dynamodb", "local", "DynamoDB_20120810.Scan", &body)
        .await;
    let all = String::from_utf8(scan.expect(200).body).unwrap();
    assert!(!all.contains(&ada.id), "{all}");
    eventually(async || {
        app.checkouts()
            .await
            .iter()
            .all(|it| it["status"] != "open")
    })
    .await;
}
