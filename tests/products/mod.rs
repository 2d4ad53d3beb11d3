//! `/products` and `/library`: what sellers offer, and what buyers get.

mod cdn;
mod change;
mod create;
mod library;
mod list;
mod publish;

use serde_json::{Value, json};

use crate::{
    support::{PASSWORD, SignedIn, TestApp},
    uploads::store_file,
};

impl TestApp {
    /// Creates an account with the role `seller` and signs in.
    pub async fn seller(&self, email: &str) -> SignedIn<'_> {
        self.sign_up(email, PASSWORD).await.expect(201);
        let output = self.run_users(&["roles", email, "--set", "seller"]);
        assert!(output.status.success(), "{output:?}");
        SignedIn::new(self, self.sign_in(email, PASSWORD).await)
    }
}

/// Returns the id of a stored upload of this user.
pub async fn stored(owner: &SignedIn<'_>, filename: &str) -> String {
    let upload = store_file(owner, filename, b"tea").await;
    upload["upload"]["id"].as_str().unwrap().to_owned()
}

/// Returns the body of a product with these files.
pub fn product(title: &str, files: &[&str]) -> Value {
    json!({
        "title": title,
        "description": "Ten lessons.\nWith biscuits.",
        "price": {"amount": 499, "currency": "EUR"},
        "files": files,
    })
}

/// Creates a draft with one stored file, and returns it.
pub async fn draft(seller: &SignedIn<'_>, title: &str) -> Value {
    let file = stored(seller, "tea.pdf").await;
    let created = seller.post("/products", &product(title, &[&file])).await;
    created.expect(201).json()["product"].clone()
}

/// Creates and publishes a product with one stored file, and returns it.
pub async fn published(seller: &SignedIn<'_>, title: &str) -> Value {
    let draft = draft(seller, title).await;
    let published = seller.post(&path(&draft, "/publish"), &json!({})).await;
    published.expect(200).json()["product"].clone()
}

/// Returns `/products/{id}` followed by `rest`.
pub fn path(product: &Value, rest: &str) -> String {
    format!("/products/{}{rest}", product["id"].as_str().unwrap())
}

/// Returns the id of the first file of a product.
pub fn first_file(product: &Value) -> &str {
    product["files"][0]["uploadId"].as_str().unwrap()
}
