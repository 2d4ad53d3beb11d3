use reqwest::Method;
use serde_json::json;

use crate::support::{PASSWORD, Response, TestApp, token_in, within_a_minute};

const RESET: &str = "new password";

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
async fn the_owner_gets_a_reset_link_and_the_response_does_not_reveal_the_account() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("Ada@Example.com", PASSWORD).await.expect(201);
    let unknown = app.forgot_password("unknown@example.com").await.expect(202);
    let ada = app.forgot_password(" ADA@example.com").await.expect(202);
    assert_eq!(comparable(&unknown), comparable(&ada));
    assert!(ada.body.is_empty());
    let mail = app.mail_to("Ada@example.com", RESET).await;
    assert_eq!(mail["from"], "cloakroom@localhost");
    let link = format!("{}/#reset-password=", app.endpoint("api"));
    assert!(mail["text"].as_str().unwrap().contains(&link), "{mail}");
    token_in(&mail, "reset-password");
    // Orders are processed in sequence, so the first one is done.
    assert_eq!(app.mails_to("unknown@example.com").await.len(), 0);
}

#[tokio::test]
async fn repeated_reset_requests_do_not_flood_a_mailbox() {
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
    // Two if a new five-minute window began in between.
    assert!((1..=2).contains(&resets.count()), "{mails:?}");
}

#[tokio::test]
async fn a_disabled_account_gets_no_reset_link() {
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

/// Two spellings of one canonical e-mail may be two mailboxes at the mail provider.
#[tokio::test]
async fn the_reset_mail_goes_to_the_accounts_own_email_and_not_to_a_lookalike() {
    let app = TestApp::start_with_mail(&[]);
    for email in ["sam@example.com", "bob@example.com"] {
        app.sign_up(email, PASSWORD).await.expect(201);
    }
    app.forgot_password("SAM@example.com").await.expect(202);
    app.mail_to("sam@example.com", RESET).await;
    // This spelling only looks similar, and has no account.
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
async fn a_reset_request_without_configured_mail_is_a_501() {
    let app = TestApp::start();
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    for email in ["ada@example.com", "unknown@example.com"] {
        let response = app.forgot_password(email).await.expect(501);
        assert_eq!(response.problem(), "mail_not_configured");
    }
}

#[tokio::test]
async fn a_reset_request_reports_all_invalid_fields_at_once() {
    let app = TestApp::start_with_mail(&[]);
    let body = json!({"email": "not-an-email", "mail": "x"});
    let response = app.post("/password/forgot", &body).await.expect(422);
    assert_eq!(response.problem(), "validation_failed");
    assert_eq!(response.json()["errors"].as_array().unwrap().len(), 2);
    let get = Response::to(app.request(Method::GET, "/password/forgot")).await;
    assert_eq!(get.expect(405).header("allow"), Some("POST"));
}

#[tokio::test]
async fn mail_routes_share_one_rate_limit_per_address() {
    let app = TestApp::start_with(&["RequestsPerAddress=3"]);
    let responses = within_a_minute(async |address| {
        let mut responses = Vec::new();
        for path in ["/password/forgot", "/password/reset", "/verify-email"] {
            for _ in 0..2 {
                let request = app.request_from(address, Method::POST, path);
                responses.push(Response::to(request.json(&json!({}))).await);
            }
        }
        responses
    })
    .await;
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses[3..], [429; 3]);
    assert!(statuses[..3].iter().all(|status| *status != 429));
    assert_eq!(responses[5].problem(), "rate_limited");
    assert!(responses[5].header("retry-after").is_some());
}
