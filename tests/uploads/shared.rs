//! `GET /uploads?shared=with-me`.

use serde_json::{Value, json};

use super::{
    create_upload, send_file,
    sharing::{share, verified_user},
    store_file, upload_path,
};
use crate::support::{PASSWORD, SignedIn, TestApp, lines::calls};

/// Gets a page of the list.
async fn page(user: &SignedIn<'_>, parameters: &str) -> Value {
    let path = format!("/uploads?shared=with-me{parameters}");
    user.get(&path).await.expect(200).json()
}

/// Lists the names of the files that are shared with a user.
pub async fn shared_names(user: &SignedIn<'_>) -> Vec<Value> {
    let page = page(user, "&limit=100").await;
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["filename"].clone()).collect()
}

/// Shares an upload with a user by id, or with `everyone`.
async fn grant(owner: &SignedIn<'_>, upload: &Value, grantee: &str) {
    let path = upload_path(upload, &format!("/grants/{grantee}"));
    owner.put(&path, &json!(null)).await.expect(204);
}

async fn delete(owner: &SignedIn<'_>, upload: &Value, rest: &str) {
    let path = upload_path(upload, rest);
    owner.delete(&path, &json!(null)).await.expect(204);
}

#[tokio::test]
async fn the_uploads_that_others_share_are_listed_newest_grant_first() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let grace = verified_user(&app, "grace@example.com").await;
    let by_id = store_file(&ada, "by-id.txt", b"1").await;
    let by_address = store_file(&bob, "by-address.txt", b"2").await;
    let both = store_file(&bob, "both.txt", b"3").await;
    let public = store_file(&bob, "public.txt", b"4").await;
    let own = store_file(&grace, "own.txt", b"5").await;
    grant(&grace, &own, &grace.id).await;
    grant(&bob, &public, "everyone").await;
    grant(&bob, &both, &grace.id).await;
    grant(&ada, &by_id, &grace.id).await;
    share(&bob, &by_address, "GRACE@example.com")
        .await
        .expect(204);
    let names = shared_names(&grace).await;
    assert_eq!(names, ["by-address.txt", "by-id.txt", "both.txt"]);
    // The second grant to the same user is the newest, and the upload is listed once.
    share(&bob, &both, "grace@example.com").await.expect(204);
    let names = shared_names(&grace).await;
    assert_eq!(names, ["both.txt", "by-address.txt", "by-id.txt"]);
    // Granting again moves an upload to the front.
    grant(&ada, &by_id, &grace.id).await;
    let listed = page(&grace, "").await;
    let first = &listed["items"][0];
    let mut expected = ada.get(&upload_path(&by_id, "")).await.json()["upload"].clone();
    expected["sharedBy"] = json!({"id": ada.id, "name": "Ada"});
    expected["sharedAt"] = first["sharedAt"].clone();
    assert!(first["sharedAt"].is_string());
    assert_eq!(*first, expected);
    assert_eq!(listed["next"], json!(null));

    // The list of own uploads has no shared ones, and the owners see nothing.
    let own = grace.get("/uploads").await.expect(200).json()["items"].clone();
    assert_eq!(own.as_array().unwrap().len(), 1);
    assert!(own[0].get("sharedBy").is_none() && own[0].get("sharedAt").is_none());
    assert_eq!(shared_names(&bob).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_page_leaves_out_what_cannot_be_read_and_its_cursor_goes_on() {
    let app = TestApp::start_with(&["UploadQuotaBytes=1000"]);
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let mut uploads = Vec::new();
    for number in 0..5 {
        let upload = store_file(&ada, &format!("{number}.txt"), b"engine").await;
        grant(&ada, &upload, &bob.id).await;
        uploads.push(upload);
    }
    let pending = create_upload(&ada, "pending.txt", 6).await;
    grant(&ada, &pending, &bob.id).await;
    delete(&ada, &uploads[4], "").await;
    delete(&ada, &uploads[3], &format!("/grants/{}", bob.id)).await;
    // A grant that a killed function left has no effect.
    let left = json!({
        "TableName": "cloakroom-dev-ReadGrantsTable",
        "Item": {
            "upload": uploads[4]["upload"]["id"].as_str().map(|id| json!({"S": id})), "reader": {"S": bob.id},
            "owner": {"S": ada.id}, "deletions": {"N": "0"}, "granted_at": {"S": "2026-01-01T00:00:00Z"},
            "received_at": {"S": "ffffffff-ffff-7000-8000-000000000000"},
        },
    });
    app.call_engine("dynamodb", "local", "DynamoDB_20120810.PutItem", &left)
        .await
        .expect(200);

    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = page(&bob, &format!("&limit=2{cursor}")).await;
        let items = page["items"].as_array().unwrap().iter();
        let names: Vec<_> = items.map(|item| item["filename"].clone()).collect();
        pages.push(names);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    // The first page has the grants of the deleted and of the pending upload.
    assert_eq!(json!(pages), json!([[], ["2.txt", "1.txt"], ["0.txt"]]));

    send_file(&pending, "engine").await.expect(200);
    ada.post(&upload_path(&pending, "/complete"), &json!({}))
        .await
        .expect(200);
    assert_eq!(shared_names(&bob).await[0], "pending.txt");
    let invalid = bob.get("/uploads?shared=with-me&cursor=x").await;
    assert_eq!(invalid.expect(422).problem(), "invalid_cursor");
}

#[tokio::test]
async fn an_unknown_list_is_a_422() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    for unknown in ["", "by-me", "With-Me", "with-me%20"] {
        let path = format!("/uploads?shared={unknown}");
        let refused = ada.get(&path).await.expect(422);
        assert_eq!(refused.problem(), "validation_failed", "{unknown}");
        let error = &refused.json()["errors"][0];
        assert_eq!(error["pointer"], "/shared");
        assert_eq!(error["code"], "invalid_shared");
    }
}

#[tokio::test]
async fn a_file_of_a_deleted_account_is_no_longer_shared() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    grant(&ada, &upload, &bob.id).await;
    assert_eq!(shared_names(&bob).await, ["plan.txt"]);
    let password = json!({ "password": PASSWORD });
    ada.delete("/users/me", &password).await.expect(204);
    app.settled().await;
    assert_eq!(shared_names(&bob).await, [] as [Value; 0]);
    bob.get(&upload_path(&upload, "")).await.expect(404);
}

#[tokio::test]
async fn the_cost_of_a_page_does_not_depend_on_the_number_of_grants() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let grace = verified_user(&app, "grace@example.com").await;
    let mut costs = Vec::new();
    for more in [4, 36] {
        for _ in 0..more {
            let upload = store_file(&ada, "plan.txt", b"engine").await;
            grant(&ada, &upload, &grace.id).await;
            share(&ada, &upload, "grace@example.com").await.expect(204);
        }
        let response = grace.get("/uploads?shared=with-me&limit=2").await;
        let line = app.line_of(&response.expect(200)).await;
        costs.push((calls(&line), line["ReadUnits"].as_f64().unwrap()));
    }
    assert!(costs[0].1 > 0.0, "{costs:?}");
    assert_eq!(costs[0], costs[1]);
}
