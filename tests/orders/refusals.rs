//! Webhooks that are refused: they do not fit their order, or the provider did not sign these bytes.

use domain::Clock;
use serde_json::{Value, json};
use time::Duration;

use super::{
    events::{event, refunded, session},
    shop::id_of,
};
use crate::support::TestApp;

#[tokio::test]
async fn a_payment_that_does_not_fit_the_order_is_refused() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let id = id_of(&ada.order(&app.offer(499).await).await);
    let fitting = session(&id, "complete", "paid");
    for (member, value) in [
        ("amount_total", json!(498)),
        ("amount_total", json!(500)),
        ("amount_total", json!(null)),
        ("currency", json!("usd")),
        ("currency", json!(null)),
        ("livemode", json!(true)),
    ] {
        let mut other = fitting.clone();
        other[member] = value;
        for kind in ["checkout.session.completed", "checkout.session.expired"] {
            let refused = app.send_webhook(&event("evt_1", kind, &other)).await;
            assert_eq!(
                (refused.status, refused.problem()),
                (422, "payment_mismatch".to_owned())
            );
        }
    }
    let mut other = refunded(&id, 499);
    other["currency"] = json!("usd");
    app.send_webhook(&event("evt_1", "charge.refunded", &other))
        .await
        .expect(422);
    assert_eq!(ada.order_state(&id).await["status"], "pending");
    let log = app.complete_log().await;
    assert!(log.contains("payment_mismatch") && log.contains("PaymentsMismatched"));
    // The refused events were not recorded: the right one is applied.
    let paid = event("evt_1", "checkout.session.completed", &fitting);
    app.send_webhook(&paid).await.expect(204);
    assert_eq!(ada.order_state(&id).await["status"], "paid");
}

#[tokio::test]
async fn an_event_for_an_unknown_order_is_refused_so_that_it_comes_again() {
    let app = TestApp::start();
    let unknown = domain::OrderId::new(Clock::system().now()).to_string();
    for id in [unknown.as_str(), "x", ""] {
        let paid = event(
            "evt_1",
            "checkout.session.completed",
            &session(id, "complete", "paid"),
        );
        let refused = app.send_webhook(&paid).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (404, "not_found".to_owned())
        );
    }
}

#[tokio::test]
async fn only_the_signed_bytes_are_accepted() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let id = id_of(&ada.order(&app.offer(499).await).await);
    let event = event(
        "evt_1",
        "checkout.session.completed",
        &session(&id, "complete", "paid"),
    );
    let body = event.to_string();
    let now = Clock::system().now();
    let sign = |secret: &str, at| payments::sign(&secret.to_owned().into(), body.as_bytes(), at);
    let secret = app.webhook_secret();
    let right = sign(&secret, now);
    let pretty = serde_json::to_string_pretty(&event).unwrap();
    let reparsed = serde_json::from_str::<Value>(&body).unwrap().to_string() + "\n";
    let altered = body.replace("\"paid\"", "\"Paid\"");
    for (what, body, signature) in [
        ("no signature", &body, String::new()),
        (
            "an old signature",
            &body,
            sign(&secret, now - Duration::seconds(302)),
        ),
        ("another secret", &body, sign("whsec_other", now)),
        ("an altered byte", &altered, right.clone()),
        ("JSON that was encoded again", &pretty, right.clone()),
        ("a line break at the end", &reparsed, right.clone()),
        ("another scheme", &body, right.replace("v1=", "v0=")),
        ("another time", &body, right.replacen("t=", "t=1", 1)),
    ] {
        let refused = app.send_signed(body.clone(), &signature).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (400, "invalid_signature".to_owned()),
            "{what}"
        );
    }
    assert_eq!(ada.order_state(&id).await["status"], "pending");
    let two = format!("{right},v1=00");
    app.send_signed(body.clone(), &two).await.expect(204);
    assert_eq!(ada.order_state(&id).await["status"], "paid");
}
