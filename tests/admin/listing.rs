use serde_json::{Value, json};

use super::manage;
use crate::support::TestApp;

#[tokio::test]
async fn the_admin_listing_shows_all_users_in_full_newest_first() {
    let app = TestApp::start();
    let admin = app.admin("Admin@example.com").await;
    let mut ids = vec![admin.id.clone()];
    for i in 0..5 {
        let user = app.new_user(&format!("{i}@example.com")).await;
        let patch = json!({"profile": {"city": "London"}});
        user.patch("/users/me", &patch).await.expect(200);
        ids.insert(0, user.id);
    }
    manage(&admin, "disable", &ids[1]).await.expect(200);
    for limit in 1..=7 {
        let mut seen: Vec<Value> = Vec::new();
        let mut next = String::new();
        loop {
            let path = format!("/admin/users?limit={limit}{next}");
            let page = admin.get(&path).await.expect(200).json();
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty() && items.len() <= limit);
            seen.extend(items.iter().cloned());
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        let found: Vec<_> = seen
            .iter()
            .map(|user| user["id"].as_str().unwrap())
            .collect();
        assert_eq!(found, ids, "limit {limit}");
        assert_eq!(seen[0]["email"], "4@example.com");
        assert_eq!(seen[0]["profile"], json!({"city": "London"}));
        assert_eq!(seen[5]["email"], "Admin@example.com");
        assert_eq!(seen[5]["roles"], json!(["admin"]));
        let statuses: Vec<_> = seen.iter().map(|user| &user["status"]).collect();
        let one_disabled = ["active", "disabled", "active", "active", "active", "active"];
        assert_eq!(statuses, one_disabled);
    }
}

#[tokio::test]
async fn the_admin_listing_refuses_an_invalid_cursor_or_limit() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let cursor = admin.get("/admin/users?cursor=x").await.expect(422);
    assert_eq!(cursor.problem(), "invalid_cursor");
    let limit = admin.get("/admin/users?limit=101").await.expect(422);
    assert_eq!(limit.problem(), "validation_failed");
}

#[tokio::test]
async fn an_admin_sees_an_account_with_its_etag_and_status_and_no_secret() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("Ada@example.com").await;
    let mut own = ada.get("/users/me").await.expect(200).json();
    own["user"]["status"] = json!("active");
    own["mailBlock"] = json!(null);
    let seen = manage(&admin, "get", &ada.id).await.expect(200);
    assert_eq!(seen.header("etag"), Some("\"1\""));
    assert_eq!(seen.header("cache-control"), Some("no-store"));
    assert_eq!(seen.json(), own);
}
