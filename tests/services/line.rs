//! The thinnest line through all services: publish, order, pay, library, download, webhook.

use reqwest::Client;
use serde_json::json;

use crate::{
    orders::shop::{id_of, page_of},
    products::{first_file, published},
    support::{Received, Receiver, Response, SignedIn, TestApp},
    webhooks::{create, is_signed},
};

/// Returns what a receiver got of a type and an order.
pub fn received(receiver: &Receiver, kind: &str, order: &str) -> Vec<Received> {
    let all = receiver.received().into_iter();
    all.filter(|it| {
        let event = it.json();
        event["type"] == kind && event["data"]["orderId"] == order
    })
    .collect()
}

/// Downloads a file of the caller's library.
pub async fn download(buyer: &SignedIn<'_>, file: &str) -> Vec<u8> {
    let shown = buyer.get(&format!("/uploads/{file}")).await.expect(200);
    let url = shown.json()["download"]["url"].as_str().unwrap().to_owned();
    Response::to(Client::new().get(url)).await.expect(200).body
}

#[tokio::test]
async fn what_is_bought_is_in_the_library_and_other_systems_hear_of_it() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let buyer = app.new_user("bob@example.com").await;
    let admin = app.admin("root@example.com").await;
    app.settled().await;
    let receiver = Receiver::start().await;
    let (_, secret) = create(&admin, &receiver.url).await;

    let product = published(&seller, "Tea").await;
    let (product_id, file) = (product["id"].as_str().unwrap(), first_file(&product));
    app.settled().await;
    buyer.get(&format!("/uploads/{file}")).await.expect(404);
    let created = buyer.order(product_id).await;
    let order = id_of(&created);
    app.press(&page_of(&created), "pay", "").await.expect(303);
    buyer.until_order_is(&order, "paid").await;
    app.settled().await;

    let library = buyer.get("/library").await.expect(200).json();
    let [item] = library["items"].as_array().unwrap().as_slice() else {
        panic!("{library}")
    };
    assert_eq!(item["product"]["id"], product_id);
    assert_eq!(item["files"][0]["uploadId"], file);
    assert_eq!(download(&buyer, file).await, b"tea");

    let heard = received(&receiver, "order.paid", &order);
    let [heard] = heard.as_slice() else {
        panic!("{heard:?}")
    };
    assert!(is_signed(heard, &secret));
    let event = heard.json();
    assert_eq!(heard.header("webhook-id"), event["id"].as_str().unwrap());
    assert_eq!(event["subject"], format!("order/{order}"));
    let data = &event["data"];
    assert_eq!(data["productId"], product_id);
    assert_eq!(
        (&data["buyerId"], &data["sellerId"]),
        (&json!(buyer.id), &json!(seller.id))
    );
    assert_eq!(data["price"], json!({"amount": 499, "currency": "EUR"}));
}
