use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::create;
use crate::support::{Receiver, Response, SignedIn, TestApp};

fn codes(response: &Response) -> Vec<(String, String)> {
    assert_eq!(response.problem(), "validation_failed");
    let body = response.json();
    let errors = body["errors"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors
        .map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect()
}

async fn create_with_key(admin: &SignedIn<'_>, key: &str, body: &Value) -> Response {
    let request = admin.request(Method::POST, "/webhooks");
    Response::to(request.header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn an_endpoint_is_created_changed_and_deleted() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let body = json!({"url": "https://hooks.example.com/a", "eventTypes": ["order.paid"], "description": "CRM"});
    let created = admin.post("/webhooks", &body).await.expect(201);
    let location = created.header("location").unwrap().to_owned();
    let body = created.json();
    let secret = body["secret"].as_str().unwrap();
    assert!(domain::webhook::Secret::parse(secret).is_some(), "{secret}");
    let endpoint = &body["endpoint"];
    assert_eq!(endpoint["url"], "https://hooks.example.com/a");
    assert_eq!(endpoint["eventTypes"], json!(["order.paid"]));
    assert_eq!(endpoint["enabled"], true);
    assert_eq!(endpoint["disabledReason"], Value::Null);

    let shown = admin.get(&location).await.expect(200);
    let version = shown.header("etag").unwrap().to_owned();
    assert_eq!(shown.json()["endpoint"], *endpoint);
    let listed = admin.get("/webhooks").await.expect(200).json();
    assert_eq!(listed["items"], json!([endpoint]));
    for response in [shown.json(), listed] {
        assert!(
            !response.to_string().contains("whsec_"),
            "the secret is shown once"
        );
    }

    let change = json!({"eventTypes": null, "description": null, "enabled": false});
    let request = admin.request(Method::PATCH, &location).json(&change);
    let changed = Response::to(request.header("if-match", &version))
        .await
        .expect(200);
    let endpoint = changed.json()["endpoint"].clone();
    assert_eq!(endpoint["eventTypes"], Value::Null);
    assert_eq!(endpoint["description"], "");
    assert_eq!(endpoint["disabledReason"], "administrator");
    let request = admin.request(Method::PATCH, &location).json(&change);
    let stale = Response::to(request.header("if-match", &version))
        .await
        .expect(412);
    assert_eq!(stale.problem(), "precondition_failed");
    let same = admin.patch(&location, &change).await.expect(200);
    assert_eq!(
        same.header("etag"),
        changed.header("etag"),
        "nothing changed"
    );
    let test = admin
        .post(&format!("{location}/test"), &json!({}))
        .await
        .expect(409);
    assert_eq!(test.problem(), "endpoint_disabled");

    admin.delete(&location, &json!({})).await.expect(204);
    admin.delete(&location, &json!({})).await.expect(404);
    admin.get(&location).await.expect(404);
    admin.patch(&location, &change).await.expect(404);
    let rotated = admin
        .post(&format!("{location}/rotate-secret"), &json!({}))
        .await;
    assert_eq!(rotated.expect(404).problem(), "not_found");
}

#[tokio::test]
async fn invalid_fields_are_refused_together() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let body = json!({"url": "http://shop.com/", "eventTypes": ["nothing"], "description": "a\nb", "enabled": 1, "more": 1});
    let mut found = codes(&admin.post("/webhooks", &body).await.expect(422));
    found.sort();
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        found,
        [
            pair("/description", "control_character"),
            pair("/enabled", "wrong_type"),
            pair("/eventTypes", "unknown_event_type"),
            pair("/more", "unknown_field"),
            pair("/url", "not_https"),
        ]
    );
    let receiver = Receiver::start().await;
    let (id, _) = create(&admin, &receiver.url).await;
    for change in [json!({"url": null}), json!({"enabled": null})] {
        let refused = admin
            .patch(&format!("/webhooks/{id}"), &change)
            .await
            .expect(422);
        assert_eq!(codes(&refused)[0].1, "required");
    }
}

#[tokio::test]
async fn a_repeated_creation_creates_nothing_more() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let body = json!({"url": "https://hooks.example.com/"});
    let many = join_all((0..5).map(|_| create_with_key(&admin, "a", &body))).await;
    let bodies: Vec<_> = many.into_iter().map(|it| it.expect(201).json()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let listed = admin.get("/webhooks").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let other = json!({"url": "https://other.shop.com/"});
    let refused = create_with_key(&admin, "a", &other).await.expect(422);
    assert_eq!(refused.problem(), "idempotency_key_reused");
}

#[tokio::test]
async fn of_simultaneous_creations_no_more_than_the_limit_succeed() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let body = json!({"url": "https://hooks.example.com/"});
    let (admin, body) = (&admin, &body);
    let created = join_all((0..25).map(|_| admin.post("/webhooks", body))).await;
    let of = |status| created.iter().filter(|it| it.status == status).count();
    assert_eq!((of(201), of(409)), (20, 5));
    let listed = admin.get("/webhooks").await.expect(200).json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 20);
    let first = format!("/webhooks/{}", items[0]["id"].as_str().unwrap());
    admin.delete(&first, &json!({})).await.expect(204);
    admin.post("/webhooks", body).await.expect(201);
    let over = admin.post("/webhooks", body).await.expect(409);
    assert_eq!(over.problem(), "too_many_endpoints");
}
