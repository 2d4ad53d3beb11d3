use serde_json::{Value, json};

use super::{create_upload, upload_path};
use crate::support::TestApp;

#[tokio::test]
async fn the_callers_uploads_are_listed_in_pages_newest_first() {
    let app = TestApp::start();
    let (ada, bob) = (
        app.new_user("ada@example.com").await,
        app.new_user("bob@example.com").await,
    );
    let mut created = Vec::new();
    for number in 0..7 {
        created.push(create_upload(&ada, &format!("{number}.txt"), 5).await);
    }
    create_upload(&bob, "bob.txt", 5).await;
    // A deleted upload takes no place on a page.
    ada.delete(&upload_path(&created[3], ""), &json!(null))
        .await
        .expect(204);

    let mut names: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ada
            .get(&format!("/uploads?limit=2{cursor}"))
            .await
            .expect(200)
            .json();
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["filename"].clone()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        names,
        ["6.txt", "5.txt", "4.txt", "2.txt", "1.txt", "0.txt"]
    );
    let broken = ada.get("/uploads?cursor=x").await.expect(422);
    assert_eq!(broken.problem(), "invalid_cursor");
}
