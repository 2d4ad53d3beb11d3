use std::{cell::Cell, rc::Rc};

use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, TestApp, run_concurrently, seconds_from_now, token_in};

const NEW: &str = "difference engine";

async fn link(app: &TestApp, email: &str) -> String {
    app.forgot_password(email).await.expect(202);
    token_in(&app.mail_to(email, "new password").await, "reset-password")
}

fn credential_key(email: &str) -> Value {
    json!({"email": {"S": email}})
}

#[track_caller]
fn assert_void(answer: &Response, what: &str) {
    assert_eq!(answer.status, 422, "{what}");
    assert_eq!(answer.problem(), "invalid_email_token", "{what}");
}

/// A token for somebody's account as it is, that no mail brought.
async fn reset_token(app: &TestApp, email: &str, seconds: i64) -> String {
    let credential = app.get_item("Credentials", &credential_key(email)).await;
    let attributes = json!({
        "purpose": {"S": "reset"}, "email": {"S": email}, "email_canonical": {"S": email},
        "user_id": credential["user_id"], "epoch": credential["session_epoch"],
    });
    app.insert_email_token(seconds, &attributes).await
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_and_ends_all_sessions() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let token = link(&app, "ada@example.com").await;
    let answer = app.reset_password(&token, NEW).await.expect(204);
    assert!(answer.body.is_empty());
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    app.sign_in("ada@example.com", NEW).await.expect(200);
    let credential = app
        .get_item("Credentials", &credential_key("ada@example.com"))
        .await;
    let user = app.get_item("Users", &json!({"id": {"S": ada.id}})).await;
    for item in [&credential, &user] {
        assert_eq!(item["session_epoch"]["N"], "2", "of the session it is 1");
    }
    let body = json!({"refreshToken": ada.refresh_token});
    let ended = app.post("/session/refresh", &body).await.expect(401);
    assert_eq!(ended.problem(), "session_ended");
    assert!(
        credential["verified_at"]["S"].is_string(),
        "the mail arrived"
    );
    assert_void(&app.reset_password(&token, NEW).await, "used");
}

#[tokio::test]
async fn of_200_simultaneous_resets_with_one_link_exactly_one_wins() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let token = link(&app, "ada@example.com").await;
    let app = Rc::new(app);
    let won = Rc::new(Cell::new(None));
    run_concurrently((0..200).map(|i| {
        let (app, token, won) = (Rc::clone(&app), token.clone(), Rc::clone(&won));
        async move {
            let password = format!("{NEW} {i}");
            let answer = app.reset_password(&token, &password).await;
            match answer.status {
                204 => assert_eq!(won.replace(Some(password)), None, "it was used before"),
                _ => assert_void(&answer, "used meanwhile"),
            }
        }
    }))
    .await;
    let password = won.take().expect("one of them");
    app.sign_in("ada@example.com", &password).await.expect(200);
}

#[tokio::test]
async fn a_link_that_is_old_mangled_or_for_something_else_does_nothing() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let verify = app.mail_to("ada@example.com", "Confirm").await;
    let verify = token_in(&verify, "verify-email");
    assert_void(
        &app.reset_password(&verify, NEW).await,
        "of another purpose",
    );
    let sign_up = json!({
        "purpose": {"S": "sign_up"}, "email": {"S": "ada@example.com"},
        "email_canonical": {"S": "ada@example.com"},
    });
    let sign_up = app.insert_email_token(3600, &sign_up).await;
    assert_void(
        &app.reset_password(&sign_up, NEW).await,
        "of yet another purpose",
    );

    let expired = reset_token(&app, "ada@example.com", -1).await;
    assert_void(&app.reset_password(&expired, NEW).await, "expired");
    let token = reset_token(&app, "ada@example.com", 60).await;
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
        assert_void(&app.reset_password(&mangled, NEW).await, &mangled);
    }
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    app.reset_password(&token, NEW).await.expect(204);
}

#[tokio::test]
async fn a_link_expires_by_its_time_and_not_when_it_is_deleted() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let token = link(&app, "ada@example.com").await;
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
        "only its digest is kept"
    );
    let past = json!({":t": {"N": seconds_from_now(-1)}});
    app.update_item("EmailTokens", &key, "SET expires_at = :t", &past)
        .await;
    assert_void(&app.reset_password(&token, NEW).await, "expired");
}

/// Each ends the sessions, and with them what was asked for before.
#[tokio::test]
async fn a_reset_and_a_password_change_make_earlier_links_void() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let (one, two) = (
        reset_token(&app, "ada@example.com", 60).await,
        reset_token(&app, "ada@example.com", 60).await,
    );
    app.reset_password(&two, NEW).await.expect(204);
    assert_void(&app.reset_password(&one, "something else").await, "older");

    let three = reset_token(&app, "ada@example.com", 60).await;
    let change = json!({"currentPassword": NEW, "newPassword": PASSWORD});
    ada.put("/users/me/password", &change).await.expect(204);
    assert_void(&app.reset_password(&three, NEW).await, "changed since");
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_link_is_of_no_use_for_another_or_a_disabled_account() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let token = reset_token(&app, "ada@example.com", 60).await;
    let key = credential_key("ada@example.com");
    let status = |word: &str| json!({":s": {"S": word}});
    app.update_item("Credentials", &key, "SET #status = :s", &status("disabled"))
        .await;
    assert_void(&app.reset_password(&token, NEW).await, "disabled");
    app.update_item("Credentials", &key, "SET #status = :s", &status("active"))
        .await;
    ada.delete("/users/me", &json!({"password": PASSWORD}))
        .await
        .expect(204);
    assert_void(&app.reset_password(&token, NEW).await, "deleted");
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    assert_void(
        &app.reset_password(&token, NEW).await,
        "somebody else's now",
    );
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_locked_account_is_let_in_again() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let key = credential_key("ada@example.com");
    let locked = json!({":f": {"N": "9"}, ":l": {"N": format!("{}000", seconds_from_now(900))}});
    let update = "SET failures = :f, locked_until = :l";
    app.update_item("Credentials", &key, update, &locked).await;
    let token = link(&app, "ada@example.com").await;
    app.reset_password(&token, NEW).await.expect(204);
    app.sign_in("ada@example.com", NEW).await.expect(200);
    let credential = app.get_item("Credentials", &key).await;
    for attribute in ["failures", "locked_until"] {
        assert!(credential[attribute].is_null(), "{credential}");
    }
}

#[tokio::test]
async fn a_password_that_is_refused_does_not_use_the_link_up() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let token = link(&app, "ada@example.com").await;
    for bad in ["short", "password123", &"x".repeat(72)] {
        let answer = app.reset_password(&token, bad).await.expect(422);
        assert_eq!(answer.problem(), "validation_failed", "{bad}");
    }
    let nothing = app.post("/password/reset", &json!({})).await.expect(422);
    assert_eq!(nothing.json()["errors"].as_array().unwrap().len(), 2);
    app.reset_password(&token, NEW).await.expect(204);
}
