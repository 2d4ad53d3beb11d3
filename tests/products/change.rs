use reqwest::Method;
use serde_json::json;

use super::{draft, first_file, path, published, stored};
use crate::support::{Response, TestApp};

#[tokio::test]
async fn a_product_changes_by_merge_patch_and_keeps_the_rest() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let draft = draft(&seller, "Tea").await;
    let change = json!({"description": null, "price": {"amount": 0, "currency": "EUR"}});
    let changed = seller.patch(&path(&draft, ""), &change).await.expect(200);
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let product = changed.json()["product"].clone();
    assert_eq!(
        (&product["title"], &product["description"]),
        (&json!("Tea"), &json!(""))
    );
    assert_eq!(product["price"]["amount"], 0);
    let id = draft["id"].as_str().unwrap();
    let same = json!({"title": "Tea"});
    let same = seller.patch(&format!("/products/{id}"), &same).await;
    assert_eq!(
        same.expect(200).header("etag"),
        Some("\"2\""),
        "nothing changed"
    );
    for bad in [
        json!({"title": null}),
        json!({"price": null}),
        json!({"files": null}),
    ] {
        seller.patch(&path(&draft, ""), &bad).await.expect(422);
    }
}

#[tokio::test]
async fn a_change_of_another_version_is_refused() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let draft = draft(&seller, "Tea").await;
    let send = async |tag: &str, method: Method, rest: &str| {
        let request = seller.request(method, &path(&draft, rest));
        let request = request.header("if-match", tag);
        Response::to(request.json(&json!({"title": "Coffee"}))).await
    };
    let stale = send("\"7\"", Method::PATCH, "").await.expect(412).json();
    assert_eq!(stale["code"], "precondition_failed");
    send("\"7\"", Method::POST, "/publish").await.expect(412);
    send("\"7\"", Method::POST, "/archive").await.expect(412);
    send("\"1\"", Method::PATCH, "").await.expect(200);
    send("\"2\"", Method::POST, "/publish").await.expect(200);
}

#[tokio::test]
async fn of_simultaneous_changes_none_is_lost() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let draft = draft(&seller, "Tea").await;
    let (title, price) = (
        json!({"title": "Coffee"}),
        json!({"price": {"amount": 700, "currency": "EUR"}}),
    );
    let path = path(&draft, "");
    let (a, b) = tokio::join!(seller.patch(&path, &title), seller.patch(&path, &price));
    a.expect(200);
    b.expect(200);
    let product = seller.get(&path).await.expect(200).json()["product"].clone();
    assert_eq!(product["title"], "Coffee");
    assert_eq!(product["price"]["amount"], 700);
}

#[tokio::test]
async fn files_can_be_added_to_a_published_product_and_not_removed() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let product = published(&seller, "Tea").await;
    let (first, second) = (
        first_file(&product).to_owned(),
        stored(&seller, "more.pdf").await,
    );
    let refused = seller
        .patch(&path(&product, ""), &json!({"files": [&second]}))
        .await;
    assert_eq!(refused.expect(409).json()["code"], "file_published");
    let unknown = "0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a10";
    let body = json!({"files": [&first, unknown]});
    let refused = seller.patch(&path(&product, ""), &body).await;
    assert_eq!(refused.expect(409).json()["code"], "files_not_stored");
    let body = json!({"files": [&second, &first]});
    let added = seller.patch(&path(&product, ""), &body).await.expect(200);
    let files = added.json()["product"]["files"].clone();
    assert_eq!(files[0]["filename"], "more.pdf");
    assert_eq!(files[1]["filename"], "tea.pdf");
    let delete = format!("/uploads/{second}");
    seller.delete(&delete, &json!({})).await.expect(409);
}
