//! What people do in a shop, chosen by a seed. Two shops with the same seed do the same, with other ids.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::json;

use super::post::Dice;
use crate::{
    orders::{
        events::{event, refunded, session},
        shop::id_of,
    },
    products::{path, product, stored},
    support::{PASSWORD, Response, SignedIn, TestApp, interruptions::retried},
};

const SELLERS: usize = 3;

/// How many buyers and products there are.
const fn sizes(orders: usize) -> (usize, usize) {
    if orders <= 100 { (8, 12) } else { (80, 100) }
}

/// The people and products of a shop, and the names of all ids.
pub struct Shop<'a> {
    app: &'a TestApp,
    dice: Dice,
    admin: SignedIn<'a>,
    sellers: Vec<SignedIn<'a>>,
    buyers: Vec<SignedIn<'a>>,
    /// Products with the number of their seller and their price.
    products: Vec<(String, usize, u64)>,
    /// Files that no product has, with the number of their owner.
    spare: Vec<(String, usize)>,
    pub names: HashMap<String, String>,
}

impl<'a> Shop<'a> {
    /// People sign up, and sellers publish products.
    pub async fn open(app: &'a TestApp, seed: u64, orders: usize) -> Self {
        let mut shop = Self {
            app,
            dice: Dice::new(seed),
            admin: app.admin("admin@example.com").await,
            sellers: Vec::new(),
            buyers: Vec::new(),
            products: Vec::new(),
            spare: Vec::new(),
            names: HashMap::new(),
        };
        shop.names.insert(shop.admin.id.clone(), "admin".to_owned());
        for number in 0..SELLERS {
            let seller = app.seller(&format!("seller-{number}@example.com")).await;
            shop.names
                .insert(seller.id.clone(), format!("seller-{number}"));
            let spare = stored(&seller, "spare.txt").await;
            shop.names.insert(spare.clone(), format!("spare-{number}"));
            shop.spare.push((spare, number));
            shop.sellers.push(seller);
        }
        let (buyers, products) = sizes(orders);
        for number in 0..buyers {
            let buyer = app.new_user(&format!("buyer-{number}@example.com")).await;
            shop.names
                .insert(buyer.id.clone(), format!("buyer-{number}"));
            shop.buyers.push(buyer);
        }
        for number in 0..products {
            shop.publish(number).await;
        }
        shop
    }

    async fn publish(&mut self, number: usize) {
        let owner = number % SELLERS;
        let seller = &self.sellers[owner];
        let file = stored(seller, "tea.pdf").await;
        self.names.insert(file.clone(), format!("file-{number}"));
        let price = if number.is_multiple_of(3) { 0 } else { 499 };
        let mut body = product(&format!("Tea {number}"), &[&file]);
        body["price"]["amount"] = json!(price);
        let created = seller.post("/products", &body).await.expect(201).json();
        let draft = created["product"].clone();
        let publish = path(&draft, "/publish");
        let published = retried(async || seller.post(&publish, &json!({})).await);
        published.await.expect(200);
        let id = draft["id"].as_str().unwrap().to_owned();
        self.names.insert(id.clone(), format!("product-{number}"));
        self.products.push((id, owner, price));
    }

    /// People order, pay, cancel, get gifts and refunds, and products change.
    pub async fn trade(&mut self, orders: usize) {
        for number in 0..orders {
            match self.dice.throw(10) {
                0 => self.give().await,
                1 => self.rename(number).await,
                _ => self.buy(number).await,
            }
        }
        for (file, owner) in &self.spare {
            let path = format!("/uploads/{file}");
            let seller = &self.sellers[*owner];
            let deleted = retried(async || seller.delete(&path, &json!({})).await);
            deleted.await.expect(204);
        }
        let (id, owner, _) = &self.products[0];
        let archive = format!("/products/{id}/archive");
        let seller = &self.sellers[*owner];
        let archived = retried(async || seller.post(&archive, &json!({})).await);
        archived.await.expect(200);
    }

    /// A buyer orders a product. What is free is paid at once; the rest is paid, or not, and is refunded, or not.
    async fn buy(&mut self, number: usize) {
        let buyer = self.dice.throw(self.buyers.len());
        let product = self.dice.throw(self.products.len());
        let end = self.dice.throw(6);
        let (id, _, price) = &self.products[product];
        let buyer = &self.buyers[buyer];
        let key = format!("order-{number}");
        let answer = retried(async || {
            let request = buyer.request(Method::POST, "/orders");
            let request = request.header("idempotency-key", &key);
            Response::to(request.json(&json!({"productId": id}))).await
        });
        let answer = answer.await;
        // The same order again, or a product that the buyer has.
        if answer.status != 201 {
            assert_eq!(answer.status, 409);
            return;
        }
        let order = id_of(&answer.json());
        self.names.entry(order.clone()).or_insert(key);
        if *price == 0 {
            return;
        }
        let say = async |kind: &str, object| {
            let event = event(&format!("evt_{kind}_{number}"), kind, &object);
            let said = retried(async || self.app.send_webhook(&event).await);
            said.await.expect(204);
        };
        match end {
            0 => {}
            1 => {
                let cancel = format!("/orders/{order}/cancel");
                let cancelled = retried(async || buyer.post(&cancel, &json!({})).await);
                cancelled.await.expect(200);
            }
            2 => {
                say(
                    "checkout.session.expired",
                    session(&order, "expired", "unpaid"),
                )
                .await;
            }
            3 => {
                say(
                    "checkout.session.completed",
                    session(&order, "complete", "paid"),
                )
                .await;
                say("charge.refunded", refunded(&order, 499)).await;
            }
            _ => {
                say(
                    "checkout.session.completed",
                    session(&order, "complete", "paid"),
                )
                .await;
            }
        }
    }

    /// An administrator gives a product, or takes the gift back.
    async fn give(&mut self) {
        let user = &self.buyers[self.dice.throw(self.buyers.len())].id;
        let (product, _, _) = &self.products[self.dice.throw(self.products.len())];
        let gift = format!("/admin/users/{user}/entitlements/{product}");
        let is_taken = self.dice.throw(3) == 0;
        let done = retried(async || {
            if is_taken {
                self.admin.delete(&gift, &json!({})).await
            } else {
                self.admin.put(&gift, &json!({})).await
            }
        });
        done.await.expect(204);
    }

    /// A seller gives a product another title.
    async fn rename(&mut self, number: usize) {
        let (id, owner, _) = &self.products[self.dice.throw(self.products.len())];
        let body = json!({"title": format!("Tea, edition {number}")});
        let path = format!("/products/{id}");
        let seller = &self.sellers[*owner];
        let renamed = retried(async || seller.patch(&path, &body).await);
        renamed.await.expect(200);
    }

    /// Some people delete their accounts.
    pub async fn close(&self) {
        let body = json!({"password": PASSWORD});
        for leaver in [&self.sellers[SELLERS - 1], &self.buyers[0], &self.buyers[1]] {
            let gone = retried(async || leaver.delete("/users/me", &body).await);
            gone.await.expect(204);
        }
    }
}
