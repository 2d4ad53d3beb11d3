//! A shop: a product for sale, and what buyers do at the payment stand-in.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use domain::Clock;
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};

use crate::support::{Response, SignedIn, TestApp, eventually};

/// A seller, whom no account is needed for.
pub const SELLER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

static VERSION: AtomicU64 = AtomicU64::new(1);

impl TestApp {
    /// Offers a new product for sale, as the event of its publication does. Returns its id.
    pub async fn offer(&self, amount: u64) -> String {
        let id = domain::ProductId::new(Clock::system().now()).to_string();
        self.send_product(&id, SELLER, "published", (amount, "EUR"))
            .await;
        id
    }

    /// Sends an event of a product, with a higher version than the last one.
    pub async fn send_product(&self, id: &str, seller: &str, status: &str, price: (u64, &str)) {
        let kind = match status {
            "archived" => "product.archived",
            _ => "product.published",
        };
        let version = VERSION.fetch_add(1, Relaxed);
        let data = json!({
            "productId": id, "sellerId": seller, "status": status, "title": "Tea for beginners",
            "price": {"amount": price.0, "currency": price.1}, "files": [],
        });
        self.send_event(kind, &format!("product/{id}"), version, data)
            .await;
    }

    /// Sends the service of orders an event of another service.
    pub async fn send_event(&self, kind: &str, subject: &str, version: u64, data: Value) {
        let event = json!({
            "id": "evt_019b7ca9-8f2e-782e-9b36-207dcb5a8af0", "type": kind, "time": "2026-01-02T03:04:05.678Z",
            "subject": subject, "version": version, "data": data,
        });
        let record = json!({"messageId": "1", "body": event.to_string(), "eventSource": "aws:sqs"});
        let batch = json!({"Records": [record]});
        let answer = self.invoke_function("OrdersFunction", &batch, &[]).await;
        assert_eq!(answer.expect(200).json(), json!({"batchItemFailures": []}));
    }

    /// Calls the API of the stand-in.
    pub async fn stand_in(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.endpoint("payments"));
        let request = Client::new()
            .get(url)
            .bearer_auth(self.endpoint("paymentsKey"));
        Response::to(request).await.expect(200).json()
    }

    /// Asks the stand-in for faults.
    pub async fn set_hooks(&self, hooks: Value) {
        let url = format!("{}/stand-in/hooks", self.endpoint("payments"));
        let request = Client::new()
            .put(url)
            .bearer_auth(self.endpoint("paymentsKey"));
        Response::to(request.json(&hooks)).await.expect(200);
    }

    /// Presses a button at the stand-in: `pay` of a checkout's page. Returns the response, without following it.
    pub async fn press(&self, page: &str, action: &str, form: &str) -> Response {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let request = client.post(format!("{page}/{action}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Response::to(request.body(form.to_owned())).await
    }

    /// Presses a button of a payment at the stand-in.
    pub async fn press_payment(&self, charge: &str, action: &str, form: &str) {
        let page = format!("{}/payments/{charge}", self.endpoint("payments"));
        self.press(&page, action, form).await.expect(303);
    }

    /// Returns the checkouts of the stand-in, newest first.
    pub async fn checkouts(&self) -> Vec<Value> {
        let list = self.stand_in("/v1/checkout/sessions?limit=100").await;
        list["data"].as_array().unwrap().clone()
    }

    /// Waits until all webhooks of the stand-in are accepted, also those that are sent again after a failure.
    pub async fn webhooks_accepted(&self) {
        eventually(async || {
            let mut after = String::new();
            loop {
                let page = self.stand_in(&format!("/v1/events?limit=100{after}")).await;
                let events = page["data"].as_array().unwrap();
                if events.iter().any(|event| event["pending_webhooks"] != 0) {
                    return false;
                }
                if page["has_more"] == false {
                    return true;
                }
                let last = events.last().unwrap()["id"].as_str().unwrap();
                after = format!("&starting_after={last}");
            }
        })
        .await;
    }

    /// Returns the checkout of an order.
    pub async fn checkout_of(&self, order: &str) -> Value {
        let all = self.checkouts().await;
        let of_order: Vec<_> = all
            .iter()
            .filter(|it| it["metadata"]["order"] == order)
            .collect();
        assert_eq!(of_order.len(), 1, "{all:?}");
        of_order[0].clone()
    }

    /// Returns the id of the charge of a paid order.
    pub async fn charge_of(&self, order: &str) -> String {
        let session = self.checkout_of(order).await;
        let payment = session["payment_intent"].as_str().unwrap().to_owned();
        let payment = self
            .stand_in(&format!("/v1/payment_intents/{payment}"))
            .await;
        payment["latest_charge"].as_str().unwrap().to_owned()
    }

    /// Sends the API an event of the provider, with a signature of the right secret.
    pub async fn send_webhook(&self, event: &Value) -> Response {
        let body = event.to_string();
        let signature = payments::sign(
            &self.webhook_secret().into(),
            body.as_bytes(),
            Clock::system().now(),
        );
        self.send_signed(body, &signature).await
    }

    /// Sends the API bytes with a signature.
    pub async fn send_signed(&self, body: impl Into<reqwest::Body>, signature: &str) -> Response {
        let request = self.request(Method::POST, "/payments/stripe");
        let request = request.header("content-type", "application/json");
        Response::to(request.header("stripe-signature", signature).body(body)).await
    }

    /// The secret that the stand-in signs with.
    pub fn webhook_secret(&self) -> String {
        format!("whsec_{}", self.secret_key("payments-webhook-secret"))
    }

    /// Reads the item of an order.
    pub async fn order_item(&self, id: &str) -> Value {
        let body = json!({"TableName": "cloakroom-dev-OrdersTable", "Key": {"id": {"S": id}}, "ConsistentRead": true});
        let target = "DynamoDB_20120810.GetItem";
        let found = self.call_engine("dynamodb", "local", target, &body).await;
        found.expect(200).json()["Item"].clone()
    }
}

impl SignedIn<'_> {
    /// Orders a product. Returns the response of a created order.
    pub async fn order(&self, product: &str) -> Value {
        let response = self.post("/orders", &json!({"productId": product})).await;
        response.expect(201).json()
    }

    /// Gets an order.
    pub async fn order_state(&self, id: &str) -> Value {
        self.get(&format!("/orders/{id}")).await.expect(200).json()["order"].clone()
    }

    /// Waits until an order has a status.
    pub async fn until_order_is(&self, id: &str, status: &str) -> Value {
        eventually(async || self.order_state(id).await["status"] == status).await;
        self.order_state(id).await
    }
}

/// The id of an order in the response to its creation.
pub fn id_of(created: &Value) -> String {
    created["order"]["id"].as_str().unwrap().to_owned()
}

/// The page of the checkout in the response to an order's creation.
pub fn page_of(created: &Value) -> String {
    created["checkout"]["url"].as_str().unwrap().to_owned()
}
