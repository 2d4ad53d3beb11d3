//! The link to verify an e-mail, with `SignupMode=open`.

use serde_json::{Value, json};

use crate::support::{PASSWORD, Receiver, SignedIn, TestApp, token_in};

/// Returns the token of the mailed link.
async fn mailed_token(app: &TestApp, email: &str) -> String {
    token_in(&app.mail_to(email, "Confirm").await, "verify-email")
}

async fn credential_item(app: &TestApp, email: &str) -> Value {
    app.get_item("Credentials", &json!({"email": {"S": email}}))
        .await
}

#[tokio::test]
async fn a_link_verifies_an_email_once() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("Ada@Example.com", PASSWORD).await.expect(201);
    let token = mailed_token(&app, "Ada@example.com").await;
    let before = credential_item(&app, "ada@example.com").await;
    assert!(before["verified_at"].is_null());
    app.verify_email(&token).await.expect(204);
    let after = credential_item(&app, "ada@example.com").await;
    let at = after["verified_at"]["S"].as_str().unwrap();
    assert!(at.ends_with('Z'), "{at}");
    let again = app.verify_email(&token).await.expect(422);
    assert_eq!(again.problem(), "invalid_email_token");
    // Nothing else changed.
    assert_eq!(after["hash"], before["hash"]);
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

/// Whichever link shows that the user receives mail at the address, other systems hear it once.
#[tokio::test]
async fn a_verification_is_an_event() {
    let app = TestApp::start_with_mail(&[]);
    let admin = app.admin("root@example.com").await;
    let receiver = Receiver::start().await;
    let endpoint = json!({"url": receiver.url, "eventTypes": ["user.email_verified"]});
    admin.post("/webhooks", &endpoint).await.expect(201);
    let ada = app.new_user("ada@example.com").await;
    let token = mailed_token(&app, "ada@example.com").await;
    app.verify_email(&token).await.expect(204);
    let bob = app.new_user("bob@example.com").await;
    for email in ["ada@example.com", "bob@example.com"] {
        app.forgot_password(email).await.expect(202);
        let mail = app.mail_to(email, "new password").await;
        let token = token_in(&mail, "reset-password");
        app.reset_password(&token, "difference engine")
            .await
            .expect(204);
    }
    app.settled().await;
    let requests = receiver.wait_for(2).await;
    let users: Vec<_> = requests
        .iter()
        .map(|request| request.json()["data"]["userId"].clone())
        .collect();
    assert_eq!(users.len(), 2, "{users:?}");
    assert!([ada.id, bob.id].iter().all(|id| users.contains(&json!(id))));
}

#[tokio::test]
async fn a_link_verifies_only_the_account_that_it_was_sent_for() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let token = mailed_token(&app, "ada@example.com").await;
    ada.delete("/users/me", &json!({"password": PASSWORD}))
        .await
        .expect(204);
    let gone = app.verify_email(&token).await.expect(422);
    assert_eq!(gone.problem(), "invalid_email_token");
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    app.verify_email(&token).await.expect(422);
    let credential = credential_item(&app, "ada@example.com").await;
    assert!(credential["verified_at"].is_null());
}

#[tokio::test]
async fn a_link_for_another_purpose_verifies_nothing() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    app.forgot_password("ada@example.com").await.expect(202);
    let mail = app.mail_to("ada@example.com", "new password").await;
    let token = token_in(&mail, "reset-password");
    for body in [
        json!({"token": token}),
        json!({"token": "x"}),
        json!({"token": ""}),
        json!({"token": token, "password": "difference engine"}),
    ] {
        let response = app.post("/verify-email", &body).await.expect(422);
        assert_eq!(response.problem(), "invalid_email_token", "{body}");
    }
    for body in [json!({}), json!({"token": 7}), json!({"tokens": "x"})] {
        let response = app.post("/verify-email", &body).await.expect(422);
        assert_eq!(response.problem(), "validation_failed", "{body}");
    }
    // The token still works for its own purpose.
    app.reset_password(&token, "difference engine")
        .await
        .expect(204);
}

#[tokio::test]
async fn a_sign_up_without_configured_mail_orders_no_mail() {
    let app = TestApp::start();
    SignedIn::new(&app, {
        app.sign_up("ada@example.com", PASSWORD).await.expect(201);
        app.sign_in("ada@example.com", PASSWORD).await
    });
    let body = json!({"TableName": "cloakroom-dev-OutboxTable"});
    let target = "DynamoDB_20120810.Scan";
    let found = app.call_engine("dynamodb", "local", target, &body).await;
    assert_eq!(found.expect(200).json()["Count"], 0);
}
