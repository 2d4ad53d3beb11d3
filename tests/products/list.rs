use reqwest::Method;
use serde_json::{Value, json};

use super::{draft, path, published};
use crate::support::{Response, TestApp};

async fn get(app: &TestApp, path: &str, known: Option<&str>) -> Response {
    let request = app.request(Method::GET, path);
    Response::to(match known {
        Some(tag) => request.header("if-none-match", tag),
        None => request,
    })
    .await
}

fn titles(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["title"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn anyone_lists_what_is_for_sale_newest_first() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let first = draft(&seller, "First").await;
    published(&seller, "Second").await;
    draft(&seller, "Draft").await;
    // Sorted by the time of publication, and not of creation.
    seller
        .post(&path(&first, "/publish"), &json!({}))
        .await
        .expect(200);
    let list = get(&app, "/products", None).await.expect(200).json();
    assert_eq!(titles(&list), ["First", "Second"]);
    let page = get(&app, "/products?limit=1", None)
        .await
        .expect(200)
        .json();
    assert_eq!(titles(&page), ["First"]);
    let next = format!(
        "/products?limit=1&cursor={}",
        page["next"].as_str().unwrap()
    );
    let page = get(&app, &next, None).await.expect(200).json();
    assert_eq!(
        (titles(&page), &page["next"]),
        (vec!["Second"], &json!(null))
    );
    let own = seller.get("/products?seller=me").await.expect(200).json();
    assert_eq!(titles(&own), ["Draft", "Second", "First"]);
}

#[tokio::test]
async fn own_products_need_an_access_token() {
    let app = TestApp::start();
    get(&app, "/products?seller=me", None).await.expect(401);
    let bad = get(&app, "/products?seller=eve", None).await.expect(422);
    assert_eq!(bad.json()["errors"][0]["code"], "invalid_seller");
    let forged = app.request(Method::GET, "/products").bearer_auth("x");
    Response::to(forged).await.expect(401);
}

#[tokio::test]
async fn public_products_are_cached_and_revalidated() {
    let app = TestApp::start();
    let seller = app.seller("ada@example.com").await;
    let product = published(&seller, "Tea").await;
    for path in ["/products", &path(&product, "")] {
        let shown = get(&app, path, None).await.expect(200);
        assert_eq!(shown.header("cache-control"), Some("public, max-age=60"));
        assert_eq!(shown.header("vary"), Some("Authorization"));
        let tag = shown.header("etag").unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            let same = get(&app, path, Some(&known)).await;
            assert_eq!(same.status, 304, "{known}");
            assert_eq!(same.header("etag"), Some(tag.as_str()));
            assert_eq!(same.header("cache-control"), Some("public, max-age=60"));
        }
        get(&app, path, Some("\"x\"")).await.expect(200);
    }
    let list = get(&app, "/products", None).await;
    let tag = list.header("etag").unwrap().to_owned();
    let change = json!({"title": "Coffee"});
    seller.patch(&path(&product, ""), &change).await.expect(200);
    let changed = get(&app, "/products", Some(&tag)).await.expect(200).json();
    assert_eq!(titles(&changed), ["Coffee"]);
}
