//! A user who uses everything: files, shares, products, orders, the library.

use serde_json::{Value, json};

use crate::{
    orders::shop::id_of,
    products::{path, product, stored},
    support::{PASSWORD, Receiver, SignedIn, TestApp, hours_from_now},
    uploads::{MIB, create_upload, store_file, upload_path, verify},
};

pub const EMAIL: &str = "zephyrine@example.com";
/// In no other text of the tests.
pub const NAME: &str = "Zephyrine";
pub const TITLE: &str = "Tea for beginners";

/// The user who is deleted, and another one.
pub struct Person<'a> {
    pub user: SignedIn<'a>,
    pub other: SignedIn<'a>,
    /// A receiver of all events.
    pub receiver: Receiver,
    /// The id of a locked upload.
    pub locked: String,
    /// A product of the other user that nobody has ordered yet.
    pub product_of_other: Value,
    /// The order of the user.
    pub own_order: String,
    /// The order of the other user, for a product of the user.
    pub sold_order: String,
}

impl<'a> Person<'a> {
    pub async fn with_everything(app: &'a TestApp) -> Self {
        let receiver = Receiver::start().await;
        let admin = app.admin("root@example.com").await;
        let endpoint = json!({"url": receiver.url});
        admin.post("/webhooks", &endpoint).await.expect(201);
        let user = app.seller(EMAIL).await;
        verify(app, EMAIL).await;
        let name = json!({"name": format!("{NAME} Quill")});
        user.patch("/users/me", &name).await.expect(200);
        let other = app.seller("bob@example.com").await;
        let locked = files(&user).await;
        shares(&user, &other).await;
        let (own, sold) = (offer(&other, "Coffee").await, offer(&user, TITLE).await);
        let product_of_other = offer_again(&other, &own).await;
        // A draft, and an archived product.
        let draft = product("Draft", &[&stored(&user, "draft.pdf").await]);
        user.post("/products", &draft).await.expect(201);
        let archived = offer(&user, "Archived").await;
        let archive = path(&archived, "/archive");
        user.post(&archive, &json!({})).await.expect(200);
        app.settled().await;
        let order = async |buyer: &SignedIn<'_>, product: &Value| {
            id_of(&buyer.order(product["id"].as_str().unwrap()).await)
        };
        let own_order = order(&user, &own).await;
        let sold_order = order(&other, &sold).await;
        let id = product_of_other["id"].as_str().unwrap();
        let gift = format!("/admin/users/{}/entitlements/{id}", user.id);
        admin.put(&gift, &json!({})).await.expect(204);
        app.settled().await;
        assert_eq!(items(&user, "/library").await, 2);
        assert_eq!(items(&other, "/library").await, 1);
        Self {
            user,
            other,
            receiver,
            locked,
            product_of_other,
            own_order,
            sold_order,
        }
    }
}

/// The number of items of a list.
async fn items(user: &SignedIn<'_>, path: &str) -> usize {
    let list = user.get(path).await.expect(200).json();
    list["items"].as_array().unwrap().len()
}

/// Uploads in each state. Returns the id of a locked one.
async fn files(user: &SignedIn<'_>) -> String {
    store_file(user, "zephyrine.txt", b"hello").await;
    create_upload(user, "pending.txt", 7).await;
    create_upload(user, "parts.bin", 101 * MIB).await;
    let deleted = store_file(user, "deleted.txt", b"bye").await;
    let gone = user.delete(&upload_path(&deleted, ""), &json!(null)).await;
    gone.expect(204);
    let upload = store_file(user, "locked.txt", b"locked").await;
    let lock = json!({"until": hours_from_now(48).0, "password": PASSWORD});
    let locked = user.put(&upload_path(&upload, "/lock"), &lock).await;
    locked.expect(200);
    upload["upload"]["id"].as_str().unwrap().to_owned()
}

/// Grants in both directions, to users, addresses and all users.
async fn shares(user: &SignedIn<'_>, other: &SignedIn<'_>) {
    for (owner, reader, email) in [(user, other, "bob@example.com"), (other, user, EMAIL)] {
        let upload = store_file(owner, "shared.txt", b"shared").await;
        for grantee in [&reader.id, "everyone"] {
            let path = upload_path(&upload, &format!("/grants/{grantee}"));
            owner.put(&path, &json!(null)).await.expect(204);
        }
        let path = upload_path(&upload, "/grants");
        owner.put(&path, &json!({"email": email})).await.expect(204);
    }
}

/// Offers a free product with a file.
pub async fn offer(seller: &SignedIn<'_>, title: &str) -> Value {
    let mut body = product(title, &[&stored(seller, "tea.pdf").await]);
    body["price"]["amount"] = json!(0);
    publish(seller, &body).await
}

/// Offers a second product with the file of the first.
async fn offer_again(seller: &SignedIn<'_>, first: &Value) -> Value {
    let mut body = product("Second", &[crate::products::first_file(first)]);
    body["price"]["amount"] = json!(0);
    publish(seller, &body).await
}

async fn publish(seller: &SignedIn<'_>, body: &Value) -> Value {
    let created = seller.post("/products", body).await.expect(201).json();
    let publish = path(&created["product"], "/publish");
    let published = seller.post(&publish, &json!({})).await;
    published.expect(200).json()["product"].clone()
}
