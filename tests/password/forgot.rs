use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Response, TestApp, token_in, within_a_minute};

const RESET: &str = "new password";

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
async fn the_owner_gets_a_link_and_nobody_learns_who_has_an_account() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("Ada@Example.com", PASSWORD).await.expect(201);
    let nobody = app.forgot_password("unknown@example.com").await.expect(202);
    let ada = app.forgot_password(" ADA@example.com").await.expect(202);
    assert_eq!(told(&nobody), told(&ada));
    assert!(ada.body.is_empty());
    let mail = app.mail_to("Ada@example.com", RESET).await;
    assert_eq!(mail["from"], "cloakroom@localhost");
    let link = format!("{}/#reset-password=", app.endpoint("api"));
    assert!(mail["text"].as_str().unwrap().contains(&link), "{mail}");
    token_in(&mail, "reset-password");
    // Orders are fulfilled one after the other, so that one has been.
    assert_eq!(app.mails_to("unknown@example.com").await.len(), 0);
}

#[tokio::test]
async fn a_mailbox_is_not_flooded() {
    let app = TestApp::start_with_mail(&[]);
    for email in ["ada@example.com", "bob@example.com"] {
        app.sign_up(email, PASSWORD).await.expect(201);
    }
    for _ in 0..20 {
        app.forgot_password("ada@example.com").await.expect(202);
    }
    app.forgot_password("bob@example.com").await.expect(202);
    app.mail_to("bob@example.com", RESET).await;
    let mails = app.mails_to("ada@example.com").await;
    let resets = mails
        .iter()
        .filter(|mail| mail["subject"].as_str().unwrap().contains(RESET));
    // Two when five minutes happened to end in between.
    assert!((1..=2).contains(&resets.count()), "{mails:?}");
}

#[tokio::test]
async fn a_disabled_account_gets_no_link() {
    let app = TestApp::start_with_mail(&[]);
    for email in ["ada@example.com", "bob@example.com"] {
        app.sign_up(email, PASSWORD).await.expect(201);
    }
    let key = json!({"email": {"S": "ada@example.com"}});
    let disabled = json!({":s": {"S": "disabled"}});
    app.update_item("Credentials", &key, "SET #status = :s", &disabled)
        .await;
    app.forgot_password("ada@example.com").await.expect(202);
    app.forgot_password("bob@example.com").await.expect(202);
    app.mail_to("bob@example.com", RESET).await;
    let mails = app.mails_to("ada@example.com").await;
    assert_eq!(mails.len(), 1, "{mails:?}");
}

/// Two ways to write what counts as one address here may be two mailboxes somewhere.
#[tokio::test]
async fn the_mail_goes_to_the_address_of_the_account_and_not_to_a_look_alike() {
    let app = TestApp::start_with_mail(&[]);
    for email in ["sam@example.com", "bob@example.com"] {
        app.sign_up(email, PASSWORD).await.expect(201);
    }
    app.forgot_password("SAM@example.com").await.expect(202);
    app.mail_to("sam@example.com", RESET).await;
    // This one only looks like it, and is nobody's.
    app.forgot_password("\u{17f}am@example.com")
        .await
        .expect(202);
    app.forgot_password("bob@example.com").await.expect(202);
    app.mail_to("bob@example.com", RESET).await;
    for other in ["SAM@example.com", "\u{17f}am@example.com"] {
        assert_eq!(app.mails_to(other).await.len(), 0, "{other}");
    }
}

#[tokio::test]
async fn where_no_mail_is_sent_that_is_said() {
    let app = TestApp::start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    for email in ["ada@example.com", "unknown@example.com"] {
        let answer = app.forgot_password(email).await.expect(501);
        assert_eq!(answer.problem(), "mail_not_configured");
    }
}

#[tokio::test]
async fn everything_wrong_with_a_body_is_told_at_once() {
    let app = TestApp::start_with_mail(&[]);
    let body = json!({"email": "nobody", "mail": "x"});
    let answer = app.post("/password/forgot", &body).await.expect(422);
    assert_eq!(answer.problem(), "validation_failed");
    assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 2);
    let get = Response::to(app.request(Method::GET, "/password/forgot")).await;
    assert_eq!(get.expect(405).header("allow"), Some("POST"));
}

#[tokio::test]
async fn all_that_mail_is_for_is_limited_by_address() {
    let app = TestApp::start_with(&["RequestsPerAddress=3"]);
    let answers = within_a_minute(async |address| {
        let mut answers = Vec::new();
        for path in ["/password/forgot", "/password/reset", "/verify-email"] {
            for _ in 0..2 {
                let request = app.request_from(address, Method::POST, path);
                answers.push(Response::to(request.json(&json!({}))).await);
            }
        }
        answers
    })
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses[3..], [429; 3]);
    assert!(statuses[..3].iter().all(|status| *status != 429));
    assert_eq!(answers[5].problem(), "rate_limited");
    assert!(answers[5].header("retry-after").is_some());
}
