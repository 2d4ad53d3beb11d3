//! `/uploads/{id}/grants`: read grants.

use reqwest::Method;
use serde_json::{Value, json};

use super::{create_upload, download, send_file, store_file, upload_path};
use crate::support::{PASSWORD, Response, SignedIn, TestApp};

/// Sends a PUT or DELETE for a grant.
async fn change_grant(
    owner: &SignedIn<'_>,
    method: Method,
    upload: &Value,
    grantee: &str,
) -> Response {
    let path = upload_path(upload, &format!("/grants/{grantee}"));
    Response::to(owner.request(method, &path)).await
}

/// Lists the grantees of an upload.
async fn grantees(owner: &SignedIn<'_>, upload: &Value) -> Vec<Value> {
    let listed = owner
        .get(&upload_path(upload, "/grants"))
        .await
        .expect(200)
        .json();
    let grants = listed["items"].as_array().unwrap().iter();
    grants
        .inspect(|grant| assert!(grant["grantedAt"].is_string()))
        .map(|grant| grant["grantee"].clone())
        .collect()
}

#[tokio::test]
async fn a_grantee_can_read_an_upload_and_do_nothing_else() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let eve = app.new_user("eve@example.com").await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    let other = store_file(&ada, "other.txt", b"secret").await;
    bob.get(&upload_path(&upload, "")).await.expect(404);

    // Granting twice gives one grant.
    for _ in 0..2 {
        change_grant(&ada, Method::PUT, &upload, &bob.id)
            .await
            .expect(204);
    }
    assert_eq!(grantees(&ada, &upload).await, [json!(bob.id)]);
    let got = download(&bob, &upload).await.expect(200);
    assert_eq!(got.body, b"engine");
    assert_eq!(
        bob.get(&upload_path(&upload, "")).await.json()["upload"],
        ada.get(&upload_path(&upload, "")).await.json()["upload"]
    );
    eve.get(&upload_path(&upload, "")).await.expect(404);
    bob.get(&upload_path(&other, "")).await.expect(404);
    assert_eq!(
        bob.get("/uploads").await.expect(200).json()["items"],
        json!([])
    );

    // All routes of the owner are a 404 for a grantee.
    for (method, rest, body) in [
        (Method::DELETE, "", json!(null)),
        (Method::GET, "/parts", json!(null)),
        (Method::POST, "/parts", json!({"partNumbers": [1]})),
        (Method::POST, "/complete", json!({})),
        (Method::GET, "/versions", json!(null)),
        (Method::POST, "/restore", json!({"versionId": "x"})),
        (
            Method::PUT,
            "/lock",
            json!({"until": "2090-01-01T00:00:00Z", "password": PASSWORD}),
        ),
        (Method::GET, "/grants", json!(null)),
        (Method::PUT, "/grants/everyone", json!(null)),
        (Method::DELETE, "/grants/everyone", json!(null)),
    ] {
        let request = bob
            .request(method.clone(), &upload_path(&upload, rest))
            .json(&body);
        let refused = Response::to(request).await;
        assert_eq!(refused.status, 404, "{method} {rest}");
    }

    change_grant(&ada, Method::PUT, &upload, "everyone")
        .await
        .expect(204);
    assert_eq!(download(&eve, &upload).await.body, b"engine");
    app.get(&upload_path(&upload, "")).await.expect(401);
    change_grant(&ada, Method::DELETE, &upload, "everyone")
        .await
        .expect(204);
    eve.get(&upload_path(&upload, "")).await.expect(404);
    bob.get(&upload_path(&upload, "")).await.expect(200);
    for _ in 0..2 {
        change_grant(&ada, Method::DELETE, &upload, &bob.id)
            .await
            .expect(204);
    }
    bob.get(&upload_path(&upload, "")).await.expect(404);
    assert_eq!(grantees(&ada, &upload).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_grantee_can_read_only_stored_uploads() {
    let app = TestApp::start_with(&["UploadQuotaBytes=10"]);
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    // A grant can be given before the file is stored.
    let upload = create_upload(&ada, "plan.txt", 6).await;
    change_grant(&ada, Method::PUT, &upload, "everyone")
        .await
        .expect(204);
    bob.get(&upload_path(&upload, "")).await.expect(404);
    send_file(&upload, "engine").await.expect(200);
    ada.post(&upload_path(&upload, "/complete"), &json!({}))
        .await
        .expect(200);
    bob.get(&upload_path(&upload, "")).await.expect(200);

    ada.delete(&upload_path(&upload, ""), &json!(null))
        .await
        .expect(204);
    bob.get(&upload_path(&upload, "")).await.expect(404);
    for (method, rest) in [
        (Method::PUT, "/grants/everyone"),
        (Method::DELETE, "/grants/everyone"),
        (Method::GET, "/grants"),
    ] {
        let gone = Response::to(ada.request(method, &upload_path(&upload, rest))).await;
        assert_eq!(gone.expect(404).problem(), "not_found");
    }
}

#[tokio::test]
async fn grants_are_listed_in_pages_and_a_malformed_grantee_is_a_404() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = create_upload(&ada, "plan.txt", 6).await;
    let mut expected: Vec<_> = (0..4)
        .map(|number| format!("01994f6a-9c00-7000-8000-00000000000{number}"))
        .collect();
    expected.push("everyone".to_owned());
    for grantee in expected.iter().rev() {
        change_grant(&ada, Method::PUT, &upload, grantee)
            .await
            .expect(204);
    }
    for (limit, pages) in [(2, 3), (5, 1)] {
        let (mut found, mut cursor, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let page = upload_path(&upload, &format!("/grants?limit={limit}{cursor}"));
            let page = ada.get(&page).await.expect(200).json();
            let items = page["items"].as_array().unwrap().iter();
            found.extend(items.map(|grant| grant["grantee"].clone()));
            count += 1;
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!((&json!(found), count), (&json!(expected), pages));
    }
    for malformed in ["Everyone", "me", "x", &ada.id.to_uppercase()] {
        change_grant(&ada, Method::PUT, &upload, malformed)
            .await
            .expect(404);
    }
}

#[tokio::test]
async fn a_grant_ends_with_the_deletion_and_a_restore_does_not_return_it() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    for grantee in ["everyone", &bob.id] {
        change_grant(&ada, Method::PUT, &upload, grantee)
            .await
            .expect(204);
    }
    assert_eq!(download(&bob, &upload).await.body, b"engine");
    let versions = ada
        .get(&upload_path(&upload, "/versions"))
        .await
        .expect(200);
    let version = json!({"versionId": versions.json()["items"][0]["versionId"]});
    ada.delete(&upload_path(&upload, ""), &json!(null))
        .await
        .expect(204);
    ada.post(&upload_path(&upload, "/restore"), &version)
        .await
        .expect(200);
    bob.get(&upload_path(&upload, "")).await.expect(404);
    assert_eq!(grantees(&ada, &upload).await, [] as [Value; 0]);

    // A grant that a killed function left has no effect.
    let left = json!({
        "TableName": "cloakroom-dev-ReadGrantsTable",
        "Item": {
            "upload": {"S": upload["upload"]["id"]}, "reader": {"S": "everyone"}, "owner": {"S": ada.id},
            "deletions": {"N": "0"}, "granted_at": {"S": "2026-01-01T00:00:00Z"},
        },
    });
    app.call_engine("dynamodb", "local", "DynamoDB_20120810.PutItem", &left)
        .await
        .expect(200);
    bob.get(&upload_path(&upload, "")).await.expect(404);
    assert_eq!(grantees(&ada, &upload).await, [] as [Value; 0]);
    change_grant(&ada, Method::PUT, &upload, "everyone")
        .await
        .expect(204);
    assert_eq!(download(&bob, &upload).await.body, b"engine");
}
