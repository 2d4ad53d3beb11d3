use reqwest::Method;
use serde_json::{Value, json};

use super::{announce, download, path, send, store};
use crate::support::{PASSWORD, Response, SignedIn, TestApp};

async fn change(owner: &SignedIn<'_>, method: Method, upload: &Value, grantee: &str) -> Response {
    let path = path(upload, &format!("/grants/{grantee}"));
    Response::to(owner.request(method, &path)).await
}

async fn grantees(owner: &SignedIn<'_>, upload: &Value) -> Vec<Value> {
    let listed = owner.get(&path(upload, "/grants")).await.expect(200).json();
    let grants = listed["items"].as_array().unwrap().iter();
    grants
        .inspect(|grant| assert!(grant["grantedAt"].is_string()))
        .map(|grant| grant["grantee"].clone())
        .collect()
}

#[tokio::test]
async fn who_has_a_grant_reads_and_does_nothing_else() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let eve = app.new_user("eve@example.com").await;
    let upload = store(&ada, "plan.txt", b"engine").await;
    let other = store(&ada, "other.txt", b"secret").await;
    bob.get(&path(&upload, "")).await.expect(404);

    // Twice is once.
    for _ in 0..2 {
        change(&ada, Method::PUT, &upload, &bob.id)
            .await
            .expect(204);
    }
    assert_eq!(grantees(&ada, &upload).await, [json!(bob.id)]);
    let got = download(&bob, &upload).await.expect(200);
    assert_eq!(got.body, b"engine");
    assert_eq!(
        bob.get(&path(&upload, "")).await.json()["upload"],
        ada.get(&path(&upload, "")).await.json()["upload"]
    );
    eve.get(&path(&upload, "")).await.expect(404);
    bob.get(&path(&other, "")).await.expect(404);
    assert_eq!(
        bob.get("/uploads").await.expect(200).json()["items"],
        json!([])
    );

    // Reading is all: nothing of what the owner can do.
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
            .request(method.clone(), &path(&upload, rest))
            .json(&body);
        let refused = Response::to(request).await;
        assert_eq!(refused.status, 404, "{method} {rest}");
    }

    change(&ada, Method::PUT, &upload, "everyone")
        .await
        .expect(204);
    assert_eq!(download(&eve, &upload).await.body, b"engine");
    app.get(&path(&upload, "")).await.expect(401);
    change(&ada, Method::DELETE, &upload, "everyone")
        .await
        .expect(204);
    eve.get(&path(&upload, "")).await.expect(404);
    bob.get(&path(&upload, "")).await.expect(200);
    for _ in 0..2 {
        change(&ada, Method::DELETE, &upload, &bob.id)
            .await
            .expect(204);
    }
    bob.get(&path(&upload, "")).await.expect(404);
    assert_eq!(grantees(&ada, &upload).await, [] as [Value; 0]);
}

#[tokio::test]
async fn only_what_is_stored_can_be_read() {
    let app = TestApp::start_with(&["UploadQuotaBytes=10"]);
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    // A grant may come first.
    let upload = announce(&ada, "plan.txt", 6).await;
    change(&ada, Method::PUT, &upload, "everyone")
        .await
        .expect(204);
    bob.get(&path(&upload, "")).await.expect(404);
    send(&upload, "engine").await.expect(200);
    ada.post(&path(&upload, "/complete"), &json!({}))
        .await
        .expect(200);
    bob.get(&path(&upload, "")).await.expect(200);

    ada.delete(&path(&upload, ""), &json!(null))
        .await
        .expect(204);
    bob.get(&path(&upload, "")).await.expect(404);
    for (method, rest) in [
        (Method::PUT, "/grants/everyone"),
        (Method::DELETE, "/grants/everyone"),
        (Method::GET, "/grants"),
    ] {
        let gone = Response::to(ada.request(method, &path(&upload, rest))).await;
        assert_eq!(gone.expect(404).problem(), "not_found");
    }
}

#[tokio::test]
async fn grants_are_listed_in_pages_and_named_in_one_way() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = announce(&ada, "plan.txt", 6).await;
    let mut expected: Vec<_> = (0..4)
        .map(|number| format!("01994f6a-9c00-7000-8000-00000000000{number}"))
        .collect();
    expected.push("everyone".to_owned());
    for grantee in expected.iter().rev() {
        change(&ada, Method::PUT, &upload, grantee)
            .await
            .expect(204);
    }
    for (limit, pages) in [(2, 3), (5, 1)] {
        let (mut found, mut cursor, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let page = path(&upload, &format!("/grants?limit={limit}{cursor}"));
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
    for nobody in ["Everyone", "me", "x", &ada.id.to_uppercase()] {
        change(&ada, Method::PUT, &upload, nobody).await.expect(404);
    }
}

#[tokio::test]
async fn a_grant_ends_with_the_deletion_and_does_not_come_back() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let bob = app.new_user("bob@example.com").await;
    let upload = store(&ada, "plan.txt", b"engine").await;
    for grantee in ["everyone", &bob.id] {
        change(&ada, Method::PUT, &upload, grantee)
            .await
            .expect(204);
    }
    assert_eq!(download(&bob, &upload).await.body, b"engine");
    let versions = ada.get(&path(&upload, "/versions")).await.expect(200);
    let version = json!({"versionId": versions.json()["items"][0]["versionId"]});
    ada.delete(&path(&upload, ""), &json!(null))
        .await
        .expect(204);
    ada.post(&path(&upload, "/restore"), &version)
        .await
        .expect(200);
    bob.get(&path(&upload, "")).await.expect(404);
    assert_eq!(grantees(&ada, &upload).await, [] as [Value; 0]);

    // A grant that a killed function did not delete has no effect either.
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
    bob.get(&path(&upload, "")).await.expect(404);
    assert_eq!(grantees(&ada, &upload).await, [] as [Value; 0]);
    change(&ada, Method::PUT, &upload, "everyone")
        .await
        .expect(204);
    assert_eq!(download(&bob, &upload).await.body, b"engine");
}
