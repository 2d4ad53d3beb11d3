//! Sign-ups with `SignupMode=verified`: the link in the mail creates the account.

use std::{cell::Cell, rc::Rc};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, SignedIn, TestApp, run_concurrently, token_in};

const OTHER: &str = "difference engine";
/// A word in the subject of the mail that finishes a sign-up.
const FINISH: &str = "Finish";

fn start() -> TestApp {
    TestApp::start_with_mail(&["SignupMode=verified"])
}

/// Returns the token of the mailed sign-up link.
async fn mailed_token(app: &TestApp, email: &str) -> String {
    token_in(&app.mail_to(email, FINISH).await, "finish-sign-up")
}

/// Signs up and finishes the sign-up with the mailed link.
async fn create_account(app: &TestApp, email: &str) {
    app.sign_up(email, PASSWORD).await.expect(202);
    let token = mailed_token(app, email).await;
    app.finish_sign_up(&token, PASSWORD).await.expect(204);
}

/// Returns status, body and headers, without what differs in each response.
fn comparable(response: &Response) -> (u16, Vec<u8>, Vec<(String, String)>) {
    let varying = ["x-request-id", "apigw-requestid", "date", "ratelimit"];
    let headers = response.headers.iter().map(|(name, value)| {
        let value = value.to_str().unwrap().to_owned();
        (name.to_string(), value)
    });
    let headers = headers.filter(|(name, _)| !varying.contains(&name.as_str()));
    (response.status, response.body.clone(), headers.collect())
}

#[tokio::test]
async fn a_verified_sign_up_creates_the_account_when_its_link_is_used() {
    let app = start();
    let body = json!({
        "email": "Ada@Example.com", "password": PASSWORD, "name": "Ada Lovelace",
        "profile": {"city": "London", "age": 36},
    });
    let response = app.post("/signup", &body).await.expect(202);
    assert_eq!(response.json(), json!({"status": "verification_pending"}));
    assert_eq!(response.header("location"), None);
    let unknown = app
        .sign_in("unknown@example.com", PASSWORD)
        .await
        .expect(401);
    let pending = app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    assert_eq!(pending.snapshot(), unknown.snapshot());

    let token = mailed_token(&app, "Ada@example.com").await;
    let without = app.verify_email(&token).await.expect(422);
    assert_eq!(without.json()["errors"][0]["pointer"], "/password");
    app.finish_sign_up(&token, "short").await.expect(422);
    app.finish_sign_up(&token, PASSWORD).await.expect(204);
    let ada = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let me = ada.get("/users/me").await.expect(200).json()["user"].clone();
    assert_eq!((&me["email"], &me["name"]), (&body["email"], &body["name"]));
    assert_eq!(
        (&me["profile"]["city"], &me["profile"]["age"]),
        (&json!("London"), &json!(36))
    );
    let key = json!({"email": {"S": "ada@example.com"}});
    let credential = app.get_item("Credentials", &key).await;
    assert!(credential["verified_at"]["S"].is_string());
    let again = app.finish_sign_up(&token, PASSWORD).await.expect(422);
    assert_eq!(again.problem(), "invalid_email_token");
}

#[tokio::test]
async fn a_taken_email_gets_the_same_response_as_a_free_one() {
    let app = start();
    create_account(&app, "ada@example.com").await;
    let taken = app.sign_up("ADA@example.com", OTHER).await.expect(202);
    let free = app.sign_up("bob@example.com", OTHER).await.expect(202);
    assert_eq!(comparable(&taken), comparable(&free));
    mailed_token(&app, "bob@example.com").await;
    // A mailbox gets one mail of a kind in five minutes, and this one already has: the new order replaces the old one.
    let mails = app.mails_to("ada@example.com").await;
    assert!((1..=2).contains(&mails.len()), "{mails:?}");
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    app.sign_in("ada@example.com", OTHER).await.expect(401);
}

#[tokio::test]
async fn the_mail_to_the_owner_of_a_taken_email_has_no_token() {
    let dir = tempfile::tempdir().unwrap();
    let mail = ["--parameter", crate::support::WITH_MAIL];
    let open = TestApp::start_in(dir.path(), &mail);
    open.sign_up("Ada@example.com", PASSWORD).await.expect(201);
    open.mail_to("Ada@example.com", "Confirm").await;
    drop(open);
    let verified = ["--parameter", "SignupMode=verified"];
    let app = TestApp::start_in(dir.path(), &[mail, verified].concat());
    app.sign_up("ada@example.com", OTHER).await.expect(202);
    let mail = app.mail_to("Ada@example.com", "You have an account").await;
    let text = mail["text"].as_str().unwrap();
    assert!(!text.contains('#'), "{text}");
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

/// A stranger signs up with Ada's e-mail and their own password, and Ada opens the link.
#[tokio::test]
async fn the_account_gets_the_password_of_the_mailbox_owner() {
    let app = start();
    app.sign_up("ada@example.com", "password of a stranger")
        .await
        .expect(202);
    let token = mailed_token(&app, "ada@example.com").await;
    app.finish_sign_up(&token, PASSWORD).await.expect(204);
    app.sign_in("ada@example.com", "password of a stranger")
        .await
        .expect(401);
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_pending_sign_up_does_not_block_an_email_and_the_last_one_wins() {
    let app = start();
    for name in ["A Stranger", "Ada"] {
        let body = json!({"email": "ada@example.com", "password": OTHER, "name": name});
        app.post("/signup", &body).await.expect(202);
    }
    let token = mailed_token(&app, "ada@example.com").await;
    app.finish_sign_up(&token, PASSWORD).await.expect(204);
    let response = app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    assert_eq!(response.json()["user"]["name"], "Ada");
}

#[tokio::test]
async fn a_verified_sign_up_is_replayed_by_its_idempotency_key() {
    let app = start();
    let body =
        |password: &str| json!({"email": "ada@example.com", "password": password, "name": "Ada"});
    let with_key = |body: &Value| {
        let request = app.request(Method::POST, "/signup").json(body);
        Response::to(request.header("idempotency-key", "once"))
    };
    let first = with_key(&body(PASSWORD)).await.expect(202);
    let again = with_key(&body(PASSWORD)).await.expect(202);
    assert_eq!(comparable(&first), comparable(&again));
    let other = with_key(&body(OTHER)).await.expect(422);
    assert_eq!(other.problem(), "idempotency_key_reused");
}

#[tokio::test]
async fn of_simultaneous_uses_of_one_link_exactly_one_creates_the_account() {
    let app = start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(202);
    let token = mailed_token(&app, "ada@example.com").await;
    let app = Rc::new(app);
    let won = Rc::new(Cell::new(0));
    run_concurrently((0..50).map(|i| {
        let (app, token, won) = (Rc::clone(&app), token.clone(), Rc::clone(&won));
        async move {
            let response = app.finish_sign_up(&token, &format!("{OTHER} {i}")).await;
            match response.status {
                204 => won.set(won.get() + 1),
                _ => assert_eq!(response.expect(422).problem(), "invalid_email_token"),
            }
        }
    }))
    .await;
    assert_eq!(won.get(), 1);
}

#[tokio::test]
async fn an_email_taken_before_its_link_is_used_is_a_conflict() {
    let app = start();
    create_account(&app, "ada@example.com").await;
    app.sign_up("ada@example.com", OTHER).await.expect(202);
    let token = json!({
        "purpose": {"S": "sign_up"}, "email": {"S": "ada@example.com"},
        "email_canonical": {"S": "ada@example.com"},
    });
    let token = app.insert_email_token(60, &token).await;
    let response = app.finish_sign_up(&token, OTHER).await.expect(409);
    assert_eq!(response.problem(), "email_taken");
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}
