//! Sign-ups with `SignupMode=verified`: an account begins with a mail that was read.

use std::{cell::Cell, rc::Rc};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, SignedIn, TestApp, run_concurrently, token_in};

const OTHER: &str = "difference engine";
const FINISH: &str = "Finish";

fn start() -> TestApp {
    TestApp::start_with_mail(&["SignupMode=verified"])
}

async fn link(app: &TestApp, email: &str) -> String {
    token_in(&app.mail_to(email, FINISH).await, "finish-sign-up")
}

async fn account(app: &TestApp, email: &str) {
    app.sign_up(email, PASSWORD).await.expect(202);
    let token = link(app, email).await;
    app.finish_sign_up(&token, PASSWORD).await.expect(204);
}

/// What of an answer could tell one address from another.
fn told(answer: &Response) -> (u16, Vec<u8>, Vec<(String, String)>) {
    let differs = ["x-request-id", "apigw-requestid", "date", "ratelimit"];
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = value.to_str().unwrap().to_owned();
        (name.to_string(), value)
    });
    let headers = headers.filter(|(name, _)| !differs.contains(&name.as_str()));
    (answer.status, answer.body.clone(), headers.collect())
}

#[tokio::test]
async fn an_account_begins_when_its_mail_is_read() {
    let app = start();
    let body = json!({
        "email": "Ada@Example.com", "password": PASSWORD, "name": "Ada Lovelace",
        "profile": {"city": "London", "age": 36},
    });
    let answer = app.post("/signup", &body).await.expect(202);
    assert_eq!(answer.json(), json!({"status": "verification_pending"}));
    assert_eq!(answer.header("location"), None);
    let unknown = app
        .sign_in("unknown@example.com", PASSWORD)
        .await
        .expect(401);
    let pending = app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    assert_eq!(pending.snapshot(), unknown.snapshot());

    let token = link(&app, "Ada@example.com").await;
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
async fn a_taken_address_answers_like_a_free_one_and_its_owner_is_told() {
    let app = start();
    account(&app, "ada@example.com").await;
    let taken = app.sign_up("ADA@example.com", OTHER).await.expect(202);
    let free = app.sign_up("bob@example.com", OTHER).await.expect(202);
    assert_eq!(told(&taken), told(&free));
    link(&app, "bob@example.com").await;
    // A mailbox gets one mail of a kind in five minutes, and this one has had it: the order is replaced, not added to.
    let mails = app.mails_to("ada@example.com").await;
    assert!((1..=2).contains(&mails.len()), "{mails:?}");
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    app.sign_in("ada@example.com", OTHER).await.expect(401);
}

#[tokio::test]
async fn the_mail_to_the_owner_of_a_taken_address_has_no_token() {
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

/// Somebody signs up with my address and their password, and I open the link.
#[tokio::test]
async fn whoever_has_the_mailbox_has_the_account() {
    let app = start();
    app.sign_up("ada@example.com", "password of a stranger")
        .await
        .expect(202);
    let token = link(&app, "ada@example.com").await;
    app.finish_sign_up(&token, PASSWORD).await.expect(204);
    app.sign_in("ada@example.com", "password of a stranger")
        .await
        .expect(401);
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn nobody_blocks_an_address_and_the_last_sign_up_counts() {
    let app = start();
    for name in ["A Stranger", "Ada"] {
        let body = json!({"email": "ada@example.com", "password": OTHER, "name": name});
        app.post("/signup", &body).await.expect(202);
    }
    let token = link(&app, "ada@example.com").await;
    app.finish_sign_up(&token, PASSWORD).await.expect(204);
    let answer = app.sign_in("ada@example.com", PASSWORD).await.expect(200);
    assert_eq!(answer.json()["user"]["name"], "Ada");
}

#[tokio::test]
async fn a_repeated_sign_up_is_known_by_its_key() {
    let app = start();
    let body =
        |password: &str| json!({"email": "ada@example.com", "password": password, "name": "Ada"});
    let with_key = |body: &Value| {
        let request = app.request(Method::POST, "/signup").json(body);
        Response::to(request.header("idempotency-key", "once"))
    };
    let first = with_key(&body(PASSWORD)).await.expect(202);
    let again = with_key(&body(PASSWORD)).await.expect(202);
    assert_eq!(told(&first), told(&again));
    let other = with_key(&body(OTHER)).await.expect(422);
    assert_eq!(other.problem(), "idempotency_key_reused");
}

#[tokio::test]
async fn of_simultaneous_uses_of_one_link_exactly_one_makes_the_account() {
    let app = start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(202);
    let token = link(&app, "ada@example.com").await;
    let app = Rc::new(app);
    let won = Rc::new(Cell::new(0));
    run_concurrently((0..50).map(|i| {
        let (app, token, won) = (Rc::clone(&app), token.clone(), Rc::clone(&won));
        async move {
            let answer = app.finish_sign_up(&token, &format!("{OTHER} {i}")).await;
            match answer.status {
                204 => won.set(won.get() + 1),
                _ => assert_eq!(answer.expect(422).problem(), "invalid_email_token"),
            }
        }
    }))
    .await;
    assert_eq!(won.get(), 1);
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_a_conflict() {
    let app = start();
    account(&app, "ada@example.com").await;
    app.sign_up("ada@example.com", OTHER).await.expect(202);
    let token = json!({
        "purpose": {"S": "sign_up"}, "email": {"S": "ada@example.com"},
        "email_canonical": {"S": "ada@example.com"},
    });
    let token = app.insert_email_token(60, &token).await;
    let answer = app.finish_sign_up(&token, OTHER).await.expect(409);
    assert_eq!(answer.problem(), "email_taken");
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}
