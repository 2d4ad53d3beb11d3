//! What exists before a service is stopped: people, products, orders, files and a receiver of webhooks.

use serde_json::{Value, json};

use crate::{
    orders::shop::{id_of, page_of},
    products::{draft, published, stored},
    support::{PASSWORD, Receiver, SignedIn, TestApp},
    webhooks::create,
};

/// People and things of one round. All of them are new in each round.
pub struct World<'a> {
    pub admin: SignedIn<'a>,
    pub seller: SignedIn<'a>,
    pub buyer: SignedIn<'a>,
    pub buyer_email: String,
    /// A user whose account the requests change and delete.
    pub person: SignedIn<'a>,
    /// A user whom an administrator manages.
    pub managed: SignedIn<'a>,
    /// A seller who deletes their account during the outage, and a published product of theirs.
    pub leaver: SignedIn<'a>,
    pub left_product: String,
    /// A receiver that no request changes.
    pub receiver: Receiver,
    /// An endpoint that the requests change and delete, and its receiver.
    pub endpoint: String,
    pub other_receiver: Receiver,
    /// A published product that the buyer has, and its paid order.
    pub owned: String,
    pub paid_order: String,
    /// A published product, and its open order with the page of the checkout.
    pub product: Value,
    pub open_order: String,
    pub page: String,
    /// A published product with an open order that is cancelled.
    pub cancelled_order: String,
    /// A published product that is not ordered.
    pub for_sale: String,
    pub draft: String,
    /// A stored upload of the seller that no product has.
    pub upload: String,
    pub grant: String,
}

fn id(product: &Value) -> String {
    product["id"].as_str().unwrap().to_owned()
}

impl<'a> World<'a> {
    pub async fn new(app: &'a TestApp, round: &str) -> Self {
        let email = |name: &str| format!("{name}-{round}@example.com");
        let admin = app.admin(&email("admin")).await;
        let (seller, leaver) = (
            app.seller(&email("seller")).await,
            app.seller(&email("leaver")).await,
        );
        let buyer = app.new_user(&email("buyer")).await;
        let person = app.new_user(&email("person")).await;
        let managed = app.new_user(&email("managed")).await;
        app.settled().await;
        let (receiver, other_receiver) = (Receiver::start().await, Receiver::start().await);
        create(&admin, &receiver.url).await;
        let (endpoint, _) = create(&admin, &other_receiver.url).await;
        let mut products = Vec::new();
        for title in ["Owned", "Open", "Cancelled", "For sale"] {
            products.push(published(&seller, title).await);
        }
        let left_product = id(&published(&leaver, "Left").await);
        let (draft, upload) = (
            draft(&seller, "Draft").await,
            stored(&seller, "a.txt").await,
        );
        let grant = seller.post("/s3/grants", &json!({})).await.expect(201);
        let grant = grant.json()["companionEndpoint"]
            .as_str()
            .unwrap()
            .to_owned();
        let grant = grant.rsplit('/').next().unwrap().to_owned();
        app.settled().await;
        let paid = buyer.order(&id(&products[0])).await;
        app.press(&page_of(&paid), "pay", "").await.expect(303);
        buyer.until_order_is(&id_of(&paid), "paid").await;
        let open = buyer.order(&id(&products[1])).await;
        let cancelled = buyer.order(&id(&products[2])).await;
        app.settled().await;
        Self {
            owned: id(&products[0]),
            paid_order: id_of(&paid),
            open_order: id_of(&open),
            page: page_of(&open),
            cancelled_order: id_of(&cancelled),
            for_sale: id(&products[3]),
            product: products.swap_remove(1),
            draft: id(&draft),
            buyer_email: email("buyer"),
            admin,
            seller,
            buyer,
            person,
            managed,
            leaver,
            left_product,
            receiver,
            endpoint,
            other_receiver,
            upload,
            grant,
        }
    }

    /// Deletes the account of the user who leaves, if that is not done.
    pub async fn leave(&self) -> u16 {
        let body = json!({"password": PASSWORD});
        self.leaver.delete("/users/me", &body).await.status
    }
}
