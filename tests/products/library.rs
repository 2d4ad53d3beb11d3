use reqwest::Method;
use serde_json::json;

use super::{first_file, path, published, stored};
use crate::support::{Response, SignedIn, TestApp};

/// Downloads a file of the library.
async fn download(user: &SignedIn<'_>, upload: &str) -> Response {
    let shown = user.get(&format!("/uploads/{upload}")).await.expect(200);
    let shown = shown.json();
    let url = shown["download"]["url"].as_str().unwrap();
    assert!(url.contains("X-Amz-Expires=300"), "minutes: {url}");
    Response::to(reqwest::Client::new().get(url)).await
}

fn gift(user: &SignedIn<'_>, product: &serde_json::Value) -> String {
    let id = product["id"].as_str().unwrap();
    format!("/admin/users/{}/entitlements/{id}", user.id)
}

#[tokio::test]
async fn a_gift_is_in_the_library_until_it_is_taken_back() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let admin = app.admin("root@example.com").await;
    let user = app.new_user("bob@example.com").await;
    let product = published(&seller, "Tea").await;
    app.settled().await;
    let file = first_file(&product);
    user.get(&format!("/uploads/{file}")).await.expect(404);
    for _ in 0..2 {
        admin
            .put(&gift(&user, &product), &json!({}))
            .await
            .expect(204);
    }
    app.settled().await;
    let library = user.get("/library").await.expect(200).json();
    let item = &library["items"][0];
    assert_eq!(library["items"].as_array().unwrap().len(), 1);
    assert_eq!(item["product"]["title"], "Tea");
    assert_eq!(item["product"]["sellerId"], seller.id.as_str());
    assert_eq!(
        item["files"],
        json!([{"uploadId": file, "filename": "tea.pdf", "size": 3}])
    );
    let one = format!("/library/{}", product["id"].as_str().unwrap());
    assert_eq!(&user.get(&one).await.expect(200).json()["item"], item);
    assert_eq!(download(&user, file).await.expect(200).body, b"tea");
    for _ in 0..2 {
        admin
            .delete(&gift(&user, &product), &json!({}))
            .await
            .expect(204);
    }
    app.settled().await;
    user.get(&one).await.expect(404);
    let library = user.get("/library").await.expect(200).json();
    assert_eq!(library["items"], json!([]));
    user.get(&format!("/uploads/{file}")).await.expect(404);
    let refused = user.put(&gift(&user, &product), &json!({})).await;
    refused.expect(403);
}

#[tokio::test]
async fn what_is_archived_stays_in_libraries_and_gets_new_files() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let admin = app.admin("root@example.com").await;
    let user = app.new_user("bob@example.com").await;
    let product = published(&seller, "Tea").await;
    app.settled().await;
    admin
        .put(&gift(&user, &product), &json!({}))
        .await
        .expect(204);
    let more = stored(&seller, "more.pdf").await;
    let body = json!({"title": "Tea, second edition", "files": [first_file(&product), &more]});
    seller.patch(&path(&product, ""), &body).await.expect(200);
    seller
        .post(&path(&product, "/archive"), &json!({}))
        .await
        .expect(200);
    app.settled().await;
    let library = user.get("/library").await.expect(200).json();
    let item = &library["items"][0];
    assert_eq!(item["product"]["title"], "Tea, second edition");
    assert_eq!(item["files"].as_array().unwrap().len(), 2);
    download(&user, &more).await.expect(200);
}

#[tokio::test]
async fn a_library_has_pages_without_rights_that_have_ended() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let admin = app.admin("root@example.com").await;
    let user = app.new_user("bob@example.com").await;
    let mut products = Vec::new();
    for number in 0..5 {
        products.push(published(&seller, &format!("Tea {number}")).await);
    }
    app.settled().await;
    for product in &products {
        admin
            .put(&gift(&user, product), &json!({}))
            .await
            .expect(204);
    }
    admin
        .delete(&gift(&user, &products[3]), &json!({}))
        .await
        .expect(204);
    app.settled().await;
    let mut path = "/library?limit=2".to_owned();
    let mut found = Vec::new();
    loop {
        let page = user.get(&path).await.expect(200).json();
        for item in page["items"].as_array().unwrap() {
            found.push(item["product"]["title"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/library?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, ["Tea 4", "Tea 2", "Tea 1", "Tea 0"]);
    let request = user.request(Method::GET, "/library?cursor=x");
    Response::to(request).await.expect(422);
}
