//! `GET /users/me/export`. That it has everything is tested in `tests/erasure/export.rs`.

use serde_json::{Value, json};

use crate::{
    erasure::put,
    support::{PASSWORD, SignedIn, TestApp, seconds_from_now},
    uploads::{share, store_file},
};

const PATH: &str = "/users/me/export";
const EMAIL: &str = "ada@example.com";

/// The lists of an export, in their order.
pub const LISTS: [&str; 8] = [
    "sessions",
    "uploads",
    "sharedWithOthers",
    "sharedWithMe",
    "products",
    "orders",
    "sales",
    "library",
];

/// Gets an export in pages of `limit` items, and merges them.
pub async fn export(user: &SignedIn<'_>, limit: usize) -> Value {
    let mut all = json!({});
    let mut path = format!("{PATH}?limit={limit}");
    loop {
        let page = user.get(&path).await.expect(200).json();
        let items = LISTS.map(|name| page[name].as_array().unwrap().len());
        let usage = usize::from(page["usage"].is_object());
        assert!(items.iter().sum::<usize>() + usage <= limit, "{page}");
        for name in ["user", "usage"] {
            if page[name].is_object() {
                assert!(all[name].is_null(), "{name} is on two pages");
                all[name] = page[name].clone();
            }
        }
        for name in LISTS {
            let mut list = all[name].as_array().cloned().unwrap_or_default();
            list.extend(page[name].as_array().unwrap().iter().cloned());
            all[name] = json!(list);
        }
        match page["next"].as_str() {
            Some(next) => path = format!("{PATH}?limit={limit}&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn an_export_is_a_file_with_the_account_and_all_lists() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let response = ada.get(PATH).await.expect(200);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let name = response.header("content-disposition");
    assert_eq!(name, Some("attachment; filename=\"export.json\""));
    let found = response.json();
    let me = ada.get("/users/me").await.expect(200).json();
    let mut user = me["user"].clone();
    user["emailVerifiedAt"] = json!(null);
    user["mailBlock"] = json!(null);
    let sessions = ada.get("/users/me/sessions").await.expect(200).json();
    let usage = ada.get("/uploads/usage").await.expect(200).json();
    let expected = json!({
        "user": user, "sessions": sessions["items"], "usage": usage, "uploads": [], "sharedWithOthers": [],
        "sharedWithMe": [], "products": [], "orders": [], "sales": [], "library": [], "next": null,
    });
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_export_has_the_block_of_the_address() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let since = format!("{}000", seconds_from_now(0));
    let item = json!({
        "address": {"S": auth::sha256(EMAIL)}, "reason": {"S": "bounce"}, "since": {"N": since},
        "expires_at": {"N": seconds_from_now(60)},
    });
    put(&app, "MailBlocksTable", &item).await;
    let found = ada.get(PATH).await.expect(200).json();
    assert_eq!(found["user"]["mailBlock"]["reason"], "bounce");
    assert!(found["user"]["mailBlock"]["since"].is_string());
}

/// Anyone can claim an address at sign-up.
#[tokio::test]
async fn an_export_does_not_have_what_is_shared_with_a_claimed_address() {
    let app = TestApp::start_with_mail(&[]);
    let bob = app.new_user("bob@example.com").await;
    let upload = store_file(&bob, "secret.txt", b"secret").await;
    share(&bob, &upload, EMAIL).await.expect(204);
    let ada = app.new_user(EMAIL).await;
    let found = ada.get(PATH).await.expect(200).json();
    assert_eq!(found["sharedWithMe"], json!([]));
    crate::uploads::verify(&app, EMAIL).await;
    let found = ada.get(PATH).await.expect(200).json();
    let shared = &found["sharedWithMe"][0];
    assert_eq!(shared["uploadId"], upload["upload"]["id"]);
    assert_eq!(shared["ownerId"], bob.id.as_str());
}

#[tokio::test]
async fn more_grants_than_a_page_has_are_on_the_next_pages() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    let mut expected = Vec::new();
    for (name, readers) in [("a.txt", 3), ("b.txt", 0), ("c.txt", 2)] {
        let upload = store_file(&ada, name, b"a").await;
        let id = upload["upload"]["id"].as_str().unwrap();
        let mut grantees: Vec<_> = (1..readers)
            .map(|at| format!("01994f6a-9c00-7000-8000-00000000000{at}"))
            .collect();
        grantees.extend((readers > 0).then(|| "everyone".to_owned()));
        for grantee in grantees {
            let path = format!("/uploads/{id}/grants/{grantee}");
            ada.put(&path, &json!(null)).await.expect(204);
            expected.push((id.to_owned(), grantee));
        }
    }
    for limit in [1, 2, 3, 100] {
        let found = export(&ada, limit).await;
        let shared = found["sharedWithOthers"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let shared = shared.map(|it| (text(&it["uploadId"]), text(&it["grantee"])));
        assert_eq!(shared.collect::<Vec<_>>(), expected, "limit {limit}");
    }
}

#[tokio::test]
async fn invalid_pages_are_refused() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    for (query, code) in [
        ("limit=0", "validation_failed"),
        ("limit=101", "validation_failed"),
        ("cursor=x", "invalid_cursor"),
    ] {
        let refused = ada.get(&format!("{PATH}?{query}")).await.expect(422);
        assert_eq!(refused.json()["code"], code, "{query}");
    }
    // Cursors of the right form, whose position no service knows.
    for section in [
        "null",
        "\"uploads\"",
        "\"sharedWithOthers\"",
        "\"sharedWithMe\"",
        "\"products\"",
        "\"orders\"",
        "\"sales\"",
        "\"library\"",
    ] {
        let text = format!("{{\"section\":{section},\"after\":\"x\"}}");
        let cursor = http_api::TextCursor(text).encode();
        let refused = ada.get(&format!("{PATH}?cursor={cursor}")).await;
        let refused = refused.expect(422).json();
        assert_eq!(refused["code"], "invalid_cursor", "{section}");
    }
}

#[tokio::test]
async fn without_an_answer_of_each_service_there_is_no_export() {
    let app = TestApp::start();
    let ada = app.new_user(EMAIL).await;
    for function in ["UploadGrants", "Products", "Orders", "Library"] {
        let id = format!("{function}Function");
        app.stop_function(&id).await;
        let refused = ada.get(PATH).await.expect(503);
        assert!(refused.header("retry-after").is_some(), "{function}");
        let members = refused.json();
        assert_eq!(members["code"], "unavailable", "{function}");
        assert_eq!(members.get("user"), None, "{function}");
        app.start_function(&id).await;
        ada.get(PATH).await.expect(200);
    }
}

#[tokio::test]
async fn an_account_that_is_deleted_or_disabled_gets_no_export() {
    let app = TestApp::start();
    let admin = app.admin("root@example.com").await;
    let disabled = app.new_user("bob@example.com").await;
    let disable = format!("/admin/users/{}/disable", disabled.id);
    admin.post(&disable, &json!({})).await.expect(200);
    let deleted = app.new_user(EMAIL).await;
    let password = json!({"password": PASSWORD});
    deleted.delete("/users/me", &password).await.expect(204);
    for user in [&disabled, &deleted] {
        let refused = user.get(PATH).await.expect(401).json();
        assert_eq!(refused["code"], "invalid_token");
    }
}
