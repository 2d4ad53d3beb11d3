use std::{cell::Cell, rc::Rc};

use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Response, TestApp, rounds, run_concurrently, seconds_from_now, token_in,
};

const NEW: &str = "difference engine";

/// Requests a reset, and returns the token of the mailed link.
async fn mailed_token(app: &TestApp, email: &str) -> String {
    app.forgot_password(email).await.expect(202);
    token_in(&app.mail_to(email, "new password").await, "reset-password")
}

fn credential_key(email: &str) -> Value {
    json!({"email": {"S": email}})
}

/// Asserts the 422 response to an invalid link.
#[track_caller]
fn assert_link_refused(response: &Response, reason: &str) {
    assert_eq!(response.status, 422, "{reason}");
    assert_eq!(response.problem(), "invalid_email_token", "{reason}");
}

/// Inserts a reset token for an account in its current state, without a mail.
async fn insert_reset_token(app: &TestApp, email: &str, seconds: i64) -> String {
    let credential = app.get_item("Credentials", &credential_key(email)).await;
    let attributes = json!({
        "purpose": {"S": "reset"}, "email": {"S": email}, "email_canonical": {"S": email},
        "user_id": credential["user_id"], "epoch": credential["session_epoch"],
    });
    app.insert_email_token(seconds, &attributes).await
}

#[tokio::test]
async fn a_password_reset_replaces_the_password_and_ends_all_sessions() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let token = mailed_token(&app, "ada@example.com").await;
    let response = app.reset_password(&token, NEW).await.expect(204);
    assert!(response.body.is_empty());
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    app.sign_in("ada@example.com", NEW).await.expect(200);
    let credential = app
        .get_item("Credentials", &credential_key("ada@example.com"))
        .await;
    let user = app.get_item("Users", &json!({"id": {"S": ada.id}})).await;
    for item in [&credential, &user] {
        assert_eq!(
            item["session_epoch"]["N"], "2",
            "the epoch of the session is 1"
        );
    }
    let body = json!({"refreshToken": ada.refresh_token});
    let ended = app.post("/session/refresh", &body).await.expect(401);
    assert_eq!(ended.problem(), "session_ended");
    assert!(
        credential["verified_at"]["S"].is_string(),
        "a used link verifies the e-mail"
    );
    assert_link_refused(&app.reset_password(&token, NEW).await, "used");
}

#[tokio::test]
async fn of_simultaneous_resets_with_one_link_exactly_one_wins() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let token = mailed_token(&app, "ada@example.com").await;
    let app = Rc::new(app);
    let won = Rc::new(Cell::new(None));
    run_concurrently((0..rounds(40, 200)).map(|i| {
        let (app, token, won) = (Rc::clone(&app), token.clone(), Rc::clone(&won));
        async move {
            let password = format!("{NEW} {i}");
            let response = app.reset_password(&token, &password).await;
            match response.status {
                204 => assert_eq!(won.replace(Some(password)), None, "two resets succeeded"),
                _ => assert_link_refused(&response, "already used"),
            }
        }
    }))
    .await;
    let password = won.take().expect("one reset succeeds");
    app.sign_in("ada@example.com", &password).await.expect(200);
}

#[tokio::test]
async fn an_expired_malformed_or_wrong_purpose_reset_link_is_refused() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let verify = app.mail_to("ada@example.com", "Confirm").await;
    let verify = token_in(&verify, "verify-email");
    assert_link_refused(
        &app.reset_password(&verify, NEW).await,
        "a link to verify an e-mail",
    );
    let sign_up = json!({
        "purpose": {"S": "sign_up"}, "email": {"S": "ada@example.com"},
        "email_canonical": {"S": "ada@example.com"},
    });
    let sign_up = app.insert_email_token(3600, &sign_up).await;
    assert_link_refused(
        &app.reset_password(&sign_up, NEW).await,
        "a link to finish a sign-up",
    );

    let expired = insert_reset_token(&app, "ada@example.com", -1).await;
    assert_link_refused(&app.reset_password(&expired, NEW).await, "expired");
    let token = insert_reset_token(&app, "ada@example.com", 60).await;
    let flipped = if token.starts_with('A') { "B" } else { "A" };
    for mangled in [
        String::new(),
        "x".to_owned(),
        format!("{flipped}{}", &token[1..]),
        token[1..].to_owned(),
        format!("{token}="),
        format!("{token}A"),
        "#".repeat(10_000),
    ] {
        assert_link_refused(&app.reset_password(&mangled, NEW).await, &mangled);
    }
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    app.reset_password(&token, NEW).await.expect(204);
}

#[tokio::test]
async fn a_reset_link_expires_at_its_time_although_its_item_still_exists() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let token = mailed_token(&app, "ada@example.com").await;
    let digest = auth::email_token::EmailToken::parse(&token)
        .unwrap()
        .digest();
    let key = json!({"id": {"S": digest}});
    let item = app.get_item("EmailTokens", &key).await;
    let expires: i64 = item["expires_at"]["N"].as_str().unwrap().parse().unwrap();
    let hour: i64 = seconds_from_now(3600).parse().unwrap();
    assert!((hour - 60..=hour).contains(&expires), "{expires} {hour}");
    assert!(
        !item.to_string().contains(&token),
        "the table stores the token itself"
    );
    let past = json!({":t": {"N": seconds_from_now(-1)}});
    app.update_item("EmailTokens", &key, "SET expires_at = :t", &past)
        .await;
    assert_link_refused(&app.reset_password(&token, NEW).await, "expired");
}

/// Both raise the session epoch, which older links do not have.
#[tokio::test]
async fn a_reset_or_a_password_change_invalidates_earlier_links() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let (one, two) = (
        insert_reset_token(&app, "ada@example.com", 60).await,
        insert_reset_token(&app, "ada@example.com", 60).await,
    );
    app.reset_password(&two, NEW).await.expect(204);
    assert_link_refused(
        &app.reset_password(&one, "something else").await,
        "older than a reset",
    );

    let three = insert_reset_token(&app, "ada@example.com", 60).await;
    let change = json!({"currentPassword": NEW, "newPassword": PASSWORD});
    ada.put("/users/me/password", &change).await.expect(204);
    assert_link_refused(
        &app.reset_password(&three, NEW).await,
        "older than a password change",
    );
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_reset_link_does_not_work_for_a_disabled_deleted_or_recreated_account() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let token = insert_reset_token(&app, "ada@example.com", 60).await;
    let key = credential_key("ada@example.com");
    let status = |word: &str| json!({":s": {"S": word}});
    app.update_item("Credentials", &key, "SET #status = :s", &status("disabled"))
        .await;
    assert_link_refused(&app.reset_password(&token, NEW).await, "disabled");
    app.update_item("Credentials", &key, "SET #status = :s", &status("active"))
        .await;
    ada.delete("/users/me", &json!({"password": PASSWORD}))
        .await
        .expect(204);
    assert_link_refused(&app.reset_password(&token, NEW).await, "deleted");
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    assert_link_refused(
        &app.reset_password(&token, NEW).await,
        "the e-mail has a new account",
    );
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_reset_ends_the_lockout_of_an_account() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let key = credential_key("ada@example.com");
    let locked = json!({":f": {"N": "9"}, ":l": {"N": format!("{}000", seconds_from_now(900))}});
    let update = "SET failures = :f, locked_until = :l";
    app.update_item("Credentials", &key, update, &locked).await;
    let token = mailed_token(&app, "ada@example.com").await;
    app.reset_password(&token, NEW).await.expect(204);
    app.sign_in("ada@example.com", NEW).await.expect(200);
    let credential = app.get_item("Credentials", &key).await;
    for attribute in ["failures", "locked_until"] {
        assert!(credential[attribute].is_null(), "{credential}");
    }
}

#[tokio::test]
async fn a_refused_password_does_not_use_up_the_reset_link() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let token = mailed_token(&app, "ada@example.com").await;
    for bad in ["short", "password123", &"x".repeat(72)] {
        let response = app.reset_password(&token, bad).await.expect(422);
        assert_eq!(response.problem(), "validation_failed", "{bad}");
    }
    let empty = app.post("/password/reset", &json!({})).await.expect(422);
    assert_eq!(empty.json()["errors"].as_array().unwrap().len(), 2);
    app.reset_password(&token, NEW).await.expect(204);
}
