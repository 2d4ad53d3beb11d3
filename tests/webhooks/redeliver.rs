use serde_json::{Value, json};

use super::{attempt, create, delivery, send_test};
use crate::support::{Answer, Receiver, SignedIn, TestApp, eventually};

async fn statuses(admin: &SignedIn<'_>, endpoint: &str, query: &str) -> Vec<Value> {
    let path = format!("/webhooks/{endpoint}/deliveries?{query}");
    let page = admin.get(&path).await.expect(200).json();
    let items = page["items"].as_array().unwrap().clone();
    items
        .into_iter()
        .map(|item| item["status"].clone())
        .collect()
}

#[tokio::test]
async fn deliveries_are_listed_in_pages_by_status_and_sent_again() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    // The event of the sign-up goes to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let path = format!("/webhooks/{endpoint}");
    let mut ids = Vec::new();
    for number in 0..5 {
        let gone = number % 2 == 1;
        receiver.answer([Answer::Status(if gone { 410 } else { 200 })]);
        let id = send_test(&admin, &endpoint).await;
        attempt(&app, &endpoint, &id, 0).await;
        eventually(async || delivery(&admin, &endpoint, &id).await["status"] != "pending").await;
        if gone {
            let is_disabled = async || {
                let shown = admin.get(&path).await.expect(200).json();
                shown["endpoint"]["enabled"] == false
            };
            eventually(is_disabled).await;
            let refused = admin
                .post(&format!("{path}/redeliver"), &json!({"deliveryId": id}))
                .await;
            assert_eq!(refused.expect(409).problem(), "endpoint_disabled");
            admin
                .patch(&path, &json!({"enabled": true}))
                .await
                .expect(200);
        }
        ids.push(id);
    }
    let first = admin
        .get(&format!("{path}/deliveries?limit=3"))
        .await
        .expect(200)
        .json();
    let next = first["next"].as_str().unwrap();
    let rest = format!("{path}/deliveries?limit=3&cursor={next}");
    let rest = admin.get(&rest).await.expect(200).json();
    assert_eq!(rest["next"], Value::Null);
    let pages = [first, rest];
    let listed: Vec<_> = pages
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    let newest_first: Vec<_> = ids.iter().rev().map(String::as_str).collect();
    assert_eq!(listed, newest_first);
    assert_eq!(
        statuses(&admin, &endpoint, "status=failed").await,
        ["failed"; 2]
    );
    assert_eq!(
        statuses(&admin, &endpoint, "status=delivered&limit=2").await,
        ["delivered"; 2]
    );
    assert!(
        statuses(&admin, &endpoint, "status=pending")
            .await
            .is_empty()
    );

    let redeliver = format!("{path}/redeliver");
    let one = admin
        .post(&redeliver, &json!({"deliveryId": ids[0]}))
        .await
        .expect(202)
        .json();
    assert_eq!(one, json!({"count": 1, "isComplete": true}));
    attempt(&app, &endpoint, &ids[0], 0).await;
    let arrived = receiver.wait_for(6).await;
    assert_eq!(arrived[5].header("webhook-id"), ids[0]);
    let since = json!({"since": "2026-01-01T00:00:00Z"});
    let failed = admin.post(&redeliver, &since).await.expect(202).json();
    assert_eq!(failed, json!({"count": 2, "isComplete": true}));
    for id in [&ids[1], &ids[3]] {
        attempt(&app, &endpoint, id, 0).await;
    }
    receiver.wait_for(8).await;
    eventually(async || statuses(&admin, &endpoint, "status=delivered").await.len() == 5).await;
    let attempts = delivery(&admin, &endpoint, &ids[1]).await["attempts"].clone();
    assert_eq!(attempts.as_array().unwrap().len(), 2);

    let future = json!({"since": "2999-01-01T00:00:00Z"});
    let none = admin.post(&redeliver, &future).await.expect(202).json();
    assert_eq!(none["count"], 0);
    let unknown = json!({"deliveryId": "evt_019b76da-a9f4-7264-9eba-b2cdf9d7671c"});
    admin.post(&redeliver, &unknown).await.expect(404);
    admin.post(&redeliver, &json!({})).await.expect(422);
}
