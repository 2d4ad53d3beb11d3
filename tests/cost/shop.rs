//! Products, orders, the library and webhooks, and the events between them.

use serde_json::json;

use super::meter::{Measured, Meter};
use crate::{
    orders::shop::{id_of, page_of},
    products::{draft, path, published},
    support::{PASSWORD, Receiver, SignedIn},
    uploads::create_upload,
};

pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start("shop", &[]);
    let seller = meter.seller("ada@example.com").await;
    let admin = meter.admin("root@example.com").await;
    let buyer = meter.new_user("bob@example.com").await;
    warm_up(&meter, &seller, &admin, &buyer).await;
    products(&meter, &seller).await;
    orders(&meter, &seller, &admin, &buyer).await;
    library(&meter, &seller, &admin, &buyer).await;
    webhooks(&meter, &seller, &admin).await;
    erasure(&meter).await;
    meter.finish()
}

/// The first request of an instance also opens its connections.
async fn warm_up(meter: &Meter, seller: &SignedIn<'_>, admin: &SignedIn<'_>, buyer: &SignedIn<'_>) {
    let product = published(seller, "Warm").await;
    meter.settled().await;
    let created = buyer.order(product["id"].as_str().unwrap()).await;
    meter.press(&page_of(&created), "pay", "").await.expect(303);
    buyer.until_order_is(&id_of(&created), "paid").await;
    buyer.get("/library").await.expect(200);
    buyer.get("/users/me/export").await.expect(200);
    admin.get("/webhooks").await.expect(200);
    for function in ["OrdersFunction", "WebhookDeliverFunction"] {
        schedule(meter, function).await;
    }
    meter.quiet().await;
}

/// Invokes a function as its schedule does.
async fn schedule(meter: &Meter, function: &str) {
    let event = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    meter
        .invoke_function(function, &event, &[])
        .await
        .expect(200);
}

async fn products(meter: &Meter, seller: &SignedIn<'_>) {
    let one = draft(seller, "Tea").await;
    meter.quiet().await;
    let body = json!({
        "title": "Tea", "price": {"amount": 499, "currency": "EUR"}, "files": [one["files"][0]["uploadId"]],
    });
    let created = seller.post("/products", &body).await.expect(201);
    meter.request("any", created).await;
    let change = json!({"title": "Tea for two"});
    let changed = seller.patch(&path(&one, ""), &change).await.expect(200);
    meter.request("a draft", changed).await;
    meter.quiet().await;
    let sold = seller.post(&path(&one, "/publish"), &json!({})).await;
    meter.request("one file", sold.expect(200)).await;
    meter.settled().await;
    meter.event("aws:sqs, library", "a product").await;
    meter.event("aws:sqs, orders", "a product").await;
    meter.quiet().await;
    let shown = meter.get(&path(&one, "")).await.expect(200);
    meter.request("any", shown).await;
    let listed = meter.get("/products").await.expect(200);
    meter.request("a page of two", listed).await;
    let archived = seller.post(&path(&one, "/archive"), &json!({})).await;
    meter.request("any", archived.expect(200)).await;
    meter.settled().await;
    meter.event("aws:dynamodb, event-relay", "one event").await;
    meter.quiet().await;
    let file = format!(
        "/uploads/{}",
        crate::products::stored(seller, "x.txt").await
    );
    meter.quiet().await;
    seller.delete(&file, &json!({})).await.expect(204);
    meter.settled().await;
    meter.event("aws:sqs, products", "a deleted file").await;
    meter.quiet().await;
}

async fn orders(meter: &Meter, seller: &SignedIn<'_>, admin: &SignedIn<'_>, buyer: &SignedIn<'_>) {
    let product = published(seller, "Coffee").await;
    meter.quiet().await;
    let body = json!({"productId": product["id"]});
    let created = buyer.post("/orders", &body).await.expect(201);
    let created = meter.request("with a checkout", created).await.json();
    let id = id_of(&created);
    let shown = buyer.get(&format!("/orders/{id}")).await.expect(200);
    meter.request("any", shown).await;
    let listed = buyer.get("/orders").await.expect(200);
    meter.request("two orders", listed).await;
    meter.quiet().await;
    meter.press(&page_of(&created), "pay", "").await.expect(303);
    // A request during the webhook of the payment would start another instance.
    meter.settled().await;
    buyer.until_order_is(&id, "paid").await;
    meter.payment("a payment").await;
    meter.settled().await;
    meter.event("aws:sqs, upload-grants", "a right").await;
    meter.event("aws:sqs, mailer", "without mail").await;
    meter.quiet().await;
    let refund = format!("/admin/orders/{id}/refund");
    let refunded = admin.post(&refund, &json!({})).await.expect(202);
    meter.request("all of it", refunded).await;
    buyer.until_order_is(&id, "refunded").await;
    let again = buyer.post("/orders", &body).await.expect(201).json();
    meter.quiet().await;
    let cancel = format!("/orders/{}/cancel", id_of(&again));
    let cancelled = buyer.post(&cancel, &json!({})).await.expect(200);
    meter.request("a pending order", cancelled).await;
    meter.quiet().await;
    schedule(meter, "OrdersFunction").await;
    meter
        .event("Scheduled Event, orders", "nothing is due")
        .await;
    meter.quiet().await;
}

async fn library(meter: &Meter, seller: &SignedIn<'_>, admin: &SignedIn<'_>, buyer: &SignedIn<'_>) {
    let product = published(seller, "Cocoa").await;
    meter.quiet().await;
    let id = product["id"].as_str().unwrap();
    let gift = format!("/admin/users/{}/entitlements/{id}", buyer.id);
    let given = admin.put(&gift, &json!({})).await.expect(204);
    meter.request("a gift", given).await;
    meter.quiet().await;
    let listed = buyer.get("/library").await.expect(200);
    meter.request("two products", listed).await;
    let shown = buyer.get(&format!("/library/{id}")).await.expect(200);
    meter.request("any", shown).await;
    let exported = buyer.get("/users/me/export").await.expect(200);
    meter.request("one page", exported).await;
    let taken = admin.delete(&gift, &json!({})).await.expect(204);
    meter.request("a gift", taken).await;
    meter.quiet().await;
}

/// The deletion of an account with one pending upload, whose erasure is no event for others.
async fn erasure(meter: &Meter) {
    let user = meter.new_user("eve@example.com").await;
    create_upload(&user, "x.txt", 5).await;
    meter.quiet().await;
    let password = json!({"password": PASSWORD});
    user.delete("/users/me", &password).await.expect(204);
    meter.settled().await;
    for function in ["upload-grants", "library", "orders", "products"] {
        let event = format!("aws:sqs, {function}");
        meter.event(&event, "a deleted user").await;
    }
    meter.quiet().await;
}

async fn webhooks(meter: &Meter, seller: &SignedIn<'_>, admin: &SignedIn<'_>) {
    let receiver = Receiver::start().await;
    let first = json!({"url": receiver.url, "eventTypes": ["user.created"]});
    let created = admin.post("/webhooks", &first).await.expect(201);
    let created = meter.request("any", created).await.json();
    let path = |rest: &str| {
        format!(
            "/webhooks/{}{rest}",
            created["endpoint"]["id"].as_str().unwrap()
        )
    };
    let shown = admin.get(&path("")).await.expect(200);
    meter.request("any", shown).await;
    let listed = admin.get("/webhooks").await.expect(200);
    meter.request("one endpoint", listed).await;
    let changed = admin.patch(&path(""), &json!({"description": "Tea"})).await;
    meter.request("any", changed.expect(200)).await;
    let rotated = admin.post(&path("/rotate-secret"), &json!({})).await;
    meter.request("any", rotated.expect(200)).await;
    meter.quiet().await;
    let sent = admin.post(&path("/test"), &json!({})).await.expect(202);
    meter.request("any", sent).await;
    meter.settled().await;
    meter
        .event("aws:sqs, webhook-deliver", "one delivery")
        .await;
    let deliveries = admin.get(&path("/deliveries")).await.expect(200);
    let deliveries = meter.request("one delivery", deliveries).await.json();
    let again = json!({"deliveryId": deliveries["items"][0]["id"]});
    let again = admin.post(&path("/redeliver"), &again).await.expect(202);
    meter.request("one delivery", again).await;
    meter.quiet().await;
    draft(seller, "Milk").await;
    meter.quiet().await;
    schedule(meter, "WebhookDeliverFunction").await;
    meter
        .event("Scheduled Event, webhook-deliver", "nothing is due")
        .await;
    let deleted = admin.delete(&path(""), &json!({})).await.expect(204);
    meter.request("any", deleted).await;
    meter.settled().await;
}
