use reqwest::Method;
use serde_json::{Value, json};

use super::{draft, path, product, stored};
use crate::support::{Response, TestApp};

#[tokio::test]
async fn a_seller_creates_a_draft_that_only_the_seller_sees() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let draft = draft(&seller, " Tea for beginners ").await;
    assert_eq!(draft["title"], "Tea for beginners");
    assert_eq!(draft["status"], "draft");
    assert_eq!(draft["sellerId"], seller.id.as_str());
    assert_eq!(draft["price"], json!({"amount": 499, "currency": "EUR"}));
    assert_eq!(draft["description"], "Ten lessons.\nWith biscuits.");
    assert!(draft.get("publishedAt").is_none());
    let id = draft["id"].as_str().unwrap();
    let shown = seller.get(&format!("/products/{id}")).await.expect(200);
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.json()["product"], draft);
    let public = Response::to(app.request(Method::GET, &path(&draft, ""))).await;
    public.expect(404);
    let other = app.seller("eve@example.com").await;
    other.get(&path(&draft, "")).await.expect(404);
    for (route, body) in [("/publish", json!({})), ("/archive", json!({}))] {
        other.post(&path(&draft, route), &body).await.expect(404);
    }
    let change = json!({"title": "Mine"});
    other.patch(&path(&draft, ""), &change).await.expect(404);
}

#[tokio::test]
async fn only_sellers_and_administrators_create_products() {
    let app = TestApp::start();
    let user = app.new_user("bob@example.com").await;
    let file = stored(&user, "tea.pdf").await;
    let refused = user.post("/products", &product("Tea", &[&file])).await;
    assert_eq!(refused.expect(403).json()["code"], "forbidden");
    let admin = app.admin("ada@example.com").await;
    let file = stored(&admin, "tea.pdf").await;
    admin
        .post("/products", &product("Tea", &[&file]))
        .await
        .expect(201);
}

#[tokio::test]
async fn invalid_products_are_refused_with_all_errors() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let id = |n: usize| format!("0190e3f5-4a20-7c3e-9b1d-{n:012}");
    let many: Vec<_> = (0..101).map(id).collect();
    let with = |name: &str, value: Value| {
        let mut body = product("Tea", &[&id(1)]);
        body[name] = value;
        body
    };
    let price = |amount: Value, currency: &str| {
        with("price", json!({"amount": amount, "currency": currency}))
    };
    for (body, pointer, code) in [
        (with("title", json!(" ")), "/title", "empty"),
        (with("title", json!("a".repeat(201))), "/title", "too_long"),
        (with("title", json!("a\nb")), "/title", "control_character"),
        (
            with("description", json!("a".repeat(5001))),
            "/description",
            "too_long",
        ),
        (with("price", json!(5)), "/price", "wrong_type"),
        (price(json!(-1), "EUR"), "/price/amount", "wrong_type"),
        (price(json!(4.99), "EUR"), "/price/amount", "wrong_type"),
        (price(json!(1), "EUR"), "/price/amount", "amount_too_small"),
        (
            price(json!(100_000_000), "EUR"),
            "/price/amount",
            "amount_too_large",
        ),
        (
            price(json!(1005), "KWD"),
            "/price/amount",
            "amount_not_chargeable",
        ),
        (
            price(json!(500), "eur"),
            "/price/currency",
            "unknown_currency",
        ),
        (
            price(json!(500), "XAU"),
            "/price/currency",
            "unknown_currency",
        ),
        (with("files", json!([])), "/files", "empty"),
        (with("files", json!(many)), "/files", "too_long"),
        (
            with("files", json!([id(1), id(1)])),
            "/files",
            "duplicate_file",
        ),
        (with("files", json!(["x"])), "/files", "invalid_id"),
        (with("colour", json!("red")), "/colour", "unknown_field"),
    ] {
        let refused = seller.post("/products", &body).await.expect(422).json();
        let errors = refused["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{body}: {refused}");
        assert_eq!(errors[0]["pointer"], pointer, "{refused}");
        assert_eq!(errors[0]["code"], code, "{refused}");
    }
    let free = price(json!(0), "JPY");
    seller.post("/products", &free).await.expect(201);
}

#[tokio::test]
async fn a_repeated_request_with_its_key_creates_one_product() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let file = stored(&seller, "tea.pdf").await;
    let send = async |title: &str| {
        let request = seller.request(Method::POST, "/products");
        let request = request.header("idempotency-key", "once");
        Response::to(request.json(&product(title, &[&file]))).await
    };
    let all = futures_util::future::join_all((0..10).map(|_| send("Tea"))).await;
    let first = all[0].json();
    for response in &all {
        assert_eq!(response.status, 201, "{response:?}");
        assert_eq!(response.json(), first);
    }
    let location = all[0].header("location").unwrap().to_owned();
    assert_eq!(location, path(&first["product"], ""));
    let other = send("Coffee").await.expect(422);
    assert_eq!(other.json()["code"], "idempotency_key_reused");
    let own = seller.get("/products?seller=me").await.expect(200).json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
}
