//! Limits on the mail to one mailbox and on the mail of a stack.

use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, TestApp, eventually, not_at_midnight};

async fn all_mails(app: &TestApp) -> Vec<Value> {
    let outbox = Response::to(app.request(reqwest::Method::GET, "/outbox.json")).await;
    outbox.expect(200).json().as_array().unwrap().clone()
}

/// Waits until the log has `times` mails refused by a limit.
async fn wait_for_refusals(app: &TestApp, limit: &str, times: usize) {
    let limit = format!("\"limit\":\"{limit}\"");
    eventually(async || {
        let log = app.log();
        let lines = log
            .lines()
            .filter(|line| line.contains("mail_limit_reached"));
        lines.filter(|line| line.contains(&limit)).count() >= times
    })
    .await;
}

/// Sign-ups with `+tag` addresses: accounts in mode `open`, mails to finish them in mode `verified`.
#[tokio::test]
async fn subaddresses_do_not_flood_a_mailbox() {
    for (mode, status) in [("SignupMode=open", 201), ("SignupMode=verified", 202)] {
        let app = TestApp::start_with_mail(&[mode]);
        for i in 0..30 {
            app.sign_up(&format!("ada+{i}@example.com"), PASSWORD)
                .await
                .expect(status);
        }
        // One mail is sent, or two if a new five-minute window began in between.
        wait_for_refusals(&app, "window", 28).await;
        let mails = all_mails(&app).await;
        assert!((1..=2).contains(&mails.len()), "{mode}: {mails:?}");
        if status == 201 {
            for i in 0..30 {
                app.forgot_password(&format!("ada+{i}@example.com"))
                    .await
                    .expect(202);
            }
            wait_for_refusals(&app, "window", 56).await;
            let mails = all_mails(&app).await;
            assert!((2..=4).contains(&mails.len()), "{mails:?}");
        }
    }
}

/// An order for an address without an account sends no mail and uses up no limit.
#[tokio::test]
async fn mail_orders_that_send_nothing_count_against_no_limit() {
    let app = TestApp::start_with_mail(&["MailsPerMailbox=2", "MailsPerDay=2"]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    for i in 0..5 {
        app.forgot_password(&format!("ada+{i}@example.com"))
            .await
            .expect(202);
    }
    app.forgot_password("ada@example.com").await.expect(202);
    app.mail_to("ada@example.com", "new password").await;
}

#[tokio::test]
async fn the_daily_limit_of_a_mailbox_does_not_show_in_responses() {
    not_at_midnight().await;
    let app = TestApp::start_with_mail(&["MailsPerMailbox=1"]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    app.mail_to("ada@example.com", "Confirm").await;
    let limited = app.forgot_password("ada@example.com").await.expect(202);
    let unknown = app.forgot_password("bob@example.com").await.expect(202);
    assert_eq!(limited.body, unknown.body);
    app.sign_up("ada+shop@example.com", PASSWORD)
        .await
        .expect(201);
    wait_for_refusals(&app, "mailbox", 1).await;
    app.sign_up("grace@example.com", PASSWORD).await.expect(201);
    app.mail_to("grace@example.com", "Confirm").await;
    assert_eq!(all_mails(&app).await.len(), 2);
}

#[tokio::test]
async fn sign_ups_succeed_after_the_stacks_daily_mail_limit() {
    not_at_midnight().await;
    let app = TestApp::start_with_mail(&["MailsPerDay=3"]);
    let sign_ups: Vec<_> = (0..12)
        .map(|i| {
            let body = json!({"email": format!("ada{i}@example.com"), "password": PASSWORD, "name": "Ada"});
            tokio::spawn(Response::to(
                app.request(reqwest::Method::POST, "/signup").json(&body),
            ))
        })
        .collect();
    for sign_up in sign_ups {
        sign_up.await.unwrap().expect(201);
    }
    wait_for_refusals(&app, "stack", 9).await;
    assert_eq!(all_mails(&app).await.len(), 3);
    app.sign_in("ada11@example.com", PASSWORD).await.expect(200);
    assert!(!app.log().contains("example.com\""));
}
