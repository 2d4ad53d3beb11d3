//! Events and requests after the deletion of an account.

use serde_json::{Value, json};

use super::{end_and_check, person::Person, start};
use crate::support::{PASSWORD, TestApp, rounds};

/// Puts an event on the bus again.
async fn put(app: &TestApp, event: &Value) {
    let entry = json!({
        "EventBusName": "cloakroom-dev", "Source": "cloakroom", "DetailType": event["type"], "Detail": event.to_string(),
    });
    let entries = json!({ "Entries": [entry] });
    let put = app.call_engine("events", "local", "AWSEvents.PutEvents", &entries);
    put.await.expect(200);
}

#[tokio::test]
async fn late_and_repeated_events_and_requests_bring_nothing_back() {
    let app = start();
    let person = Person::with_everything(&app).await;
    let user = &person.user;
    let deleted = user
        .delete("/users/me", &json!({"password": PASSWORD}))
        .await;
    deleted.expect(204);
    app.settled().await;

    // The access token is still valid for some minutes.
    let upload = json!({"filename": "late.txt", "contentType": "text/plain", "size": 5});
    let product = json!({
        "title": "Late", "price": {"amount": 0, "currency": "EUR"}, "files": [person.locked],
    });
    let order = json!({"productId": person.product_of_other["id"]});
    for (path, body) in [
        ("/uploads", &upload),
        ("/products", &product),
        ("/orders", &order),
    ] {
        let refused = user.post(path, body).await.expect(401);
        assert_eq!(refused.problem(), "session_ended", "{path}");
    }
    let path = format!("/uploads/{}", person.locked);
    user.get(&path).await.expect(404);
    let grant = format!("{path}/grants/{}", person.other.id);
    user.put(&grant, &json!(null)).await.expect(404);
    let listed = user.get("/uploads").await.expect(200).json();
    assert_eq!(listed["items"], json!([]));

    // Each event of the system again, from the first to the last and back.
    let mut events: Vec<_> = person
        .receiver
        .received()
        .iter()
        .map(crate::support::Received::json)
        .collect();
    assert!(events.len() > 15, "{}", events.len());
    for kind in [
        "order.paid",
        "entitlement.granted",
        "product.published",
        "user.deleted",
    ] {
        assert!(events.iter().any(|event| event["type"] == kind), "{kind}");
    }
    let text = serde_json::to_string(&events).unwrap();
    assert!(!text.contains("addressId") && !text.contains(super::EMAIL));
    for _ in 0..rounds(1, 3) {
        for event in &events {
            put(&app, event).await;
        }
        app.settled().await;
        events.reverse();
    }
    end_and_check(&app, &user.id).await;
    let gift = format!(
        "/admin/users/{}/entitlements/{}",
        user.id,
        person.product_of_other["id"].as_str().unwrap()
    );
    let admin = app.admin("second@example.com").await;
    admin.put(&gift, &json!({})).await.expect(404);
}
