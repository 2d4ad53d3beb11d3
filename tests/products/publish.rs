use serde_json::json;

use super::{draft, first_file, path, product, published, stored};
use crate::{
    support::{PASSWORD, TestApp},
    uploads::{create_upload, upload_path},
};

#[tokio::test]
async fn a_published_product_has_its_files_and_they_cannot_be_deleted() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let product = published(&seller, "Tea").await;
    assert_eq!(product["status"], "published");
    let file = &product["files"][0];
    assert_eq!(
        (&file["filename"], &file["size"]),
        (&json!("tea.pdf"), &json!(3))
    );
    let path = format!("/uploads/{}", first_file(&product));
    let refused = seller.delete(&path, &json!({})).await.expect(409).json();
    assert_eq!(refused["code"], "upload_in_use");
    seller.get(&path).await.expect(200);
}

#[tokio::test]
async fn publishing_names_the_files_that_are_not_stored() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let stored_file = stored(&seller, "tea.pdf").await;
    let pending = create_upload(&seller, "pending.txt", 3).await;
    let pending = pending["upload"]["id"].as_str().unwrap();
    let deleted = stored(&seller, "deleted.txt").await;
    let delete = format!("/uploads/{deleted}");
    seller.delete(&delete, &json!({})).await.expect(204);
    let other = app.seller("eve@example.com").await;
    let foreign = stored(&other, "foreign.txt").await;
    let unknown = "0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a10";
    for bad in [pending, &deleted, &foreign, unknown] {
        let body = product("Tea", &[&stored_file, bad]);
        let draft = seller.post("/products", &body).await.expect(201).json();
        let publish = path(&draft["product"], "/publish");
        let refused = seller.post(&publish, &json!({})).await.expect(409).json();
        assert_eq!(refused["code"], "files_not_stored");
        let detail = refused["detail"].as_str().unwrap();
        assert!(
            detail.contains(bad) && !detail.contains(&stored_file),
            "{detail}"
        );
        let shown = seller.get(&path(&draft["product"], "")).await.json();
        assert_eq!(shown["product"]["status"], "draft");
    }
    // A refused product keeps no file.
    let delete = format!("/uploads/{stored_file}");
    seller.delete(&delete, &json!({})).await.expect(204);
}

#[tokio::test]
async fn publishing_twice_at_once_publishes_once() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let draft = draft(&seller, "Tea").await;
    let publish = path(&draft, "/publish");
    let body = json!({});
    let all = futures_util::future::join_all((0..8).map(|_| seller.post(&publish, &body))).await;
    for response in all {
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.json()["product"]["status"], "published");
        assert_eq!(response.header("etag"), Some("\"2\""));
    }
}

#[tokio::test]
async fn an_archived_product_is_over() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let product = published(&seller, "Tea").await;
    let archive = path(&product, "/archive");
    for _ in 0..2 {
        let archived = seller.post(&archive, &json!({})).await.expect(200).json();
        assert_eq!(archived["product"]["status"], "archived");
    }
    let publish = seller.post(&path(&product, "/publish"), &json!({})).await;
    assert_eq!(publish.expect(409).json()["code"], "product_archived");
    let change = json!({"title": "Coffee"});
    let changed = seller.patch(&path(&product, ""), &change).await;
    assert_eq!(changed.expect(409).json()["code"], "product_archived");
    let list = seller.get("/products").await.expect(200).json();
    assert_eq!(list["items"], json!([]));
    // Orders that are open may still be paid, so the files stay for a week.
    let upload = json!({"upload": {"id": first_file(&product)}});
    let refused = seller.delete(&upload_path(&upload, ""), &json!({})).await;
    assert_eq!(refused.expect(409).json()["code"], "upload_in_use");
}

#[tokio::test]
async fn a_week_after_its_product_was_archived_an_unsold_file_can_be_deleted() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let product = published(&seller, "Tea").await;
    seller
        .post(&path(&product, "/archive"), &json!({}))
        .await
        .expect(200);
    app.settled().await;
    let subject = format!("product#{}", product["id"].as_str().unwrap());
    let key = json!({"subject": {"S": subject}, "holder": {"S": "state"}});
    let long_ago = json!({":since": {"N": "0"}});
    app.update_item("SoldFiles", &key, "SET since = :since", &long_ago)
        .await;
    let file = format!("/uploads/{}", first_file(&product));
    seller.delete(&file, &json!({})).await.expect(204);
}

#[tokio::test]
async fn the_products_of_a_deleted_user_are_removed() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let product = published(&seller, "Tea").await;
    app.settled().await;
    let password = json!({"password": PASSWORD});
    seller.delete("/users/me", &password).await.expect(204);
    app.settled().await;
    app.get(&path(&product, "")).await.expect(404);
    let list = app.get("/products").await.expect(200).json();
    assert_eq!(list["items"], json!([]));
}
