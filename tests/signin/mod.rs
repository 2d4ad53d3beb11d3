mod limits;
mod lockout;

use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{PASSWORD, Response, SignedIn, TestApp};

#[tokio::test]
async fn a_signin_returns_tokens_and_the_user() {
    let app = TestApp::start();
    let user = app
        .sign_up("Ada@example.com", PASSWORD)
        .await
        .expect(201)
        .json();
    let response = app.sign_in("ada@EXAMPLE.com", PASSWORD).await.expect(200);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let response = response.json();
    assert_eq!(response["user"], user["user"]);
    assert_eq!(
        (&response["tokenType"], &response["expiresIn"]),
        (&json!("Bearer"), &json!(900))
    );
    let ada = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    assert_eq!(ada.get("/users/me").await.expect(200).json(), user);
    assert!(ada.refresh_token.len() > 60);
}

#[tokio::test]
async fn an_unknown_email_and_a_wrong_password_get_the_same_response() {
    let app = TestApp::start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let wrong = app.sign_in("ada@example.com", "not the password").await;
    let unknown = app.sign_in("unknown@example.com", "not the password").await;
    let too_long = app.sign_in("ada@example.com", &"x".repeat(500)).await;
    assert_json_snapshot!(wrong.snapshot(), @r#"
    {
      "type": "about:blank",
      "title": "Unauthorized",
      "status": 401,
      "detail": "Invalid email or password. Check both, or try again in a few minutes.",
      "instance": "[request id]",
      "code": "invalid_credentials",
      "message": "Invalid email or password. Check both, or try again in a few minutes."
    }
    "#);
    for other in [&unknown, &too_long] {
        assert_same_response(&wrong, other);
    }
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
}

/// Asserts the same status, body and header names.
#[track_caller]
fn assert_same_response(one: &Response, other: &Response) {
    assert_eq!(
        (one.status, body_without_id(one)),
        (other.status, body_without_id(other))
    );
    let names = |response: &Response| {
        let names = response.headers.keys().map(ToString::to_string);
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(one), names(other));
}

/// Returns the body without the request id.
fn body_without_id(response: &Response) -> String {
    let id = response.header("x-request-id").unwrap();
    String::from_utf8(response.body.clone())
        .unwrap()
        .replace(id, "")
}

#[tokio::test]
async fn passwords_are_compared_after_normalisation() {
    let app = TestApp::start();
    app.sign_up("ada@example.com", "cafe\u{301} au lait")
        .await
        .expect(201);
    for same in [
        "caf\u{e9} au lait",
        "cafe\u{301} au lait",
        "\u{ff43}af\u{e9} au lait",
    ] {
        app.sign_in("ada@example.com", same).await.expect(200);
    }
    app.sign_in("ada@example.com", "cafe au lait")
        .await
        .expect(401);
}

#[tokio::test]
async fn all_bytes_of_a_password_count() {
    let app = TestApp::start();
    let longest = "x".repeat(71);
    let emoji = "\u{1f5dd}".repeat(17);
    for (i, password) in [longest.as_str(), "nul\0in the\0middle", emoji.as_str()]
        .iter()
        .enumerate()
    {
        let email = format!("{i}@example.com");
        app.sign_up(&email, password).await.expect(201);
        app.sign_in(&email, password).await.expect(200);
        let mut shorter = (*password).to_owned();
        shorter.pop();
        for other in [shorter, format!("{password}x"), format!("{password}\0")] {
            app.sign_in(&email, &other).await.expect(401);
        }
    }
    app.sign_in("1@example.com", "nul").await.expect(401);
    // To bcrypt, a password repeated around a NUL equals the password.
    for password in [longest.as_str(), PASSWORD] {
        app.sign_up("ada@example.com", PASSWORD).await;
        app.sign_in("ada@example.com", &format!("{password}\0{password}"))
            .await
            .expect(401);
    }
    for too_long in [
        "x".repeat(72),
        "x".repeat(73),
        "\u{1f5dd}".repeat(18),
        "\u{e9}".repeat(36),
    ] {
        let response = app.sign_up("new@example.com", &too_long).await.expect(422);
        assert_eq!(response.problem(), "validation_failed");
        assert_eq!(response.json()["errors"][0]["code"], "password_too_long");
    }
}
