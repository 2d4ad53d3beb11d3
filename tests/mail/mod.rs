//! Mail from the order to the outbox, and after failures.

mod bounces;
mod languages;
mod limits;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Response, TestApp, UnsignedRequest, WITH_MAIL, eventually,
    faults::{Fault, FaultySystem},
    processes::{instances, signal},
    token_in,
};

fn ses_error(status: u16, code: &str) -> Fault {
    let body = json!({"__type": code, "message": "injected"});
    Fault::Respond(status, body.to_string())
}

/// The error of SES when no policy allows the identity.
fn ses_denial(identity: &str) -> Fault {
    let message = format!(
        "User `arn:aws:sts::123456789012:assumed-role/mailer/x' is not authorized to perform `ses:SendEmail' on resource \
         `arn:aws:ses:us-east-1:123456789012:identity/{identity}'"
    );
    let body = json!({"__type": "AccessDeniedException", "message": message});
    Fault::Respond(403, body.to_string())
}

#[tokio::test]
async fn the_outbox_page_shows_mail_with_its_link() {
    let app = TestApp::start_with_mail(&[]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    app.mail_to("ada@example.com", "Confirm").await;
    let page = Response::to(app.request(Method::GET, "/outbox"))
        .await
        .expect(200);
    let html = String::from_utf8(page.body.clone()).unwrap();
    let link = format!("<a href=\"{}/#verify-email=", app.endpoint("api"));
    assert!(
        html.contains(&link) && html.contains("ada@example.com"),
        "{html}"
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
}

#[tokio::test]
async fn requests_succeed_while_ses_fails_and_each_mail_is_sent_later() {
    let system = FaultySystem::start(10, &[WITH_MAIL]).await;
    let app = &system.app;
    system
        .ses
        .always(&ses_error(503, "InternalServiceErrorException"));
    for email in ["ada@example.com", "bob@example.com"] {
        app.sign_up(email, PASSWORD).await.expect(201);
    }
    app.log_with(&["mail_not_sent"]).await;
    assert_eq!(app.mails_to("ada@example.com").await.len(), 0);
    system.ses.always(&Fault::None);
    for email in ["ada@example.com", "bob@example.com"] {
        app.mail_to(email, "Confirm").await;
    }
    // Mails after the failed one were not tried before it, so each is sent once.
    for email in ["ada@example.com", "bob@example.com"] {
        assert_eq!(app.mails_to(email).await.len(), 1, "{email}");
    }
}

#[tokio::test]
async fn a_rejected_mail_does_not_block_others() {
    let system = FaultySystem::start(10, &[WITH_MAIL]).await;
    let app = &system.app;
    system.ses.plan(|_, body| {
        if body.to_string().contains("ada@example.com") {
            ses_error(400, "MessageRejected")
        } else {
            Fault::None
        }
    });
    for email in ["ada@example.com", "bob@example.com"] {
        app.sign_up(email, PASSWORD).await.expect(201);
    }
    app.mail_to("bob@example.com", "Confirm").await;
    app.log_with(&["mail_refused"]).await;
    assert_eq!(app.mails_to("ada@example.com").await.len(), 0);
}

#[tokio::test]
async fn an_unreadable_order_does_not_delay_others() {
    let app = TestApp::start_with_mail(&[]);
    let broken = json!({
        "TableName": "cloakroom-dev-OutboxTable",
        "Item": {"id": {"S": "broken"}, "kind": {"S": "unknown kind"}},
    });
    let target = "DynamoDB_20120810.PutItem";
    let put = app.call_engine("dynamodb", "local", target, &broken);
    put.await.expect(200);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let mail = app.mail_to("ada@example.com", "Confirm").await;
    token_in(&mail, "verify-email");
    let log = app.log_with(&["\"mail_refused\""]).await;
    assert_eq!(log.matches("\"mail_refused\"").count(), 1, "{log}");
    assert!(!log.contains("mail_not_sent"), "{log}");
}

/// In the sandbox, a policy can deny the identity of a recipient. The mail of the next recipient does not wait for it.
#[tokio::test]
async fn a_denied_mail_does_not_delay_others_and_its_address_is_not_logged() {
    let system = FaultySystem::start(10, &[WITH_MAIL]).await;
    let app = &system.app;
    system.ses.plan(|_, body| {
        if body.to_string().contains("ada@example.com") {
            ses_denial("ada@example.com")
        } else {
            Fault::None
        }
    });
    for email in ["ada@example.com", "bob@example.com"] {
        app.sign_up(email, PASSWORD).await.expect(201);
    }
    app.mail_to("bob@example.com", "Confirm").await;
    let log = app
        .log_with(&["\"mail_refused\"", "identity/<recipient>"])
        .await;
    assert_eq!(log.matches("\"mail_refused\"").count(), 1, "{log}");
    assert!(!log.contains("ada@example.com"), "{log}");
    assert!(!log.contains("mail_not_sent"), "{log}");
}

/// An outage that lasts longer than the retries.
#[tokio::test]
async fn an_order_that_fails_too_often_goes_to_the_dead_letter_queue() {
    let system = FaultySystem::start(10, &[WITH_MAIL]).await;
    let app = &system.app;
    system
        .ses
        .always(&ses_error(503, "InternalServiceErrorException"));
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    eventually(async || {
        app.log()
            .contains("is now in the dead-letter queue cloakroom-dev-MailerDeadLetters")
    })
    .await;
    system.ses.always(&Fault::None);
    app.sign_up("bob@example.com", PASSWORD).await.expect(201);
    app.mail_to("bob@example.com", "Confirm").await;
    assert_eq!(app.mails_to("ada@example.com").await.len(), 0);
}

/// Without permission for the sender, every mail fails. They are sent after the permission is there.
#[tokio::test]
async fn mails_wait_while_the_sender_is_denied() {
    let system = FaultySystem::start(10, &[WITH_MAIL]).await;
    let app = &system.app;
    system.ses.always(&ses_denial("cloakroom@localhost"));
    for email in ["ada@example.com", "bob@example.com"] {
        app.sign_up(email, PASSWORD).await.expect(201);
    }
    app.log_with(&["mail_not_sent"]).await;
    system.ses.always(&Fault::None);
    for email in ["ada@example.com", "bob@example.com"] {
        app.mail_to(email, "Confirm").await;
    }
    assert!(!app.log().contains("mail_refused"), "{}", app.log());
}

#[tokio::test]
async fn a_mail_is_sent_although_the_mailer_is_killed() {
    let system = FaultySystem::start(10, &[WITH_MAIL]).await;
    let app = &system.app;
    system.ses.always(&Fault::Hang);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let mut mailer = None;
    eventually(async || {
        let running = instances(app.pid());
        mailer = running.into_iter().find(|it| it.name == "mailer");
        mailer.is_some()
    })
    .await;
    signal(mailer.unwrap().pid, "KILL");
    system.ses.always(&Fault::None);
    app.mail_to("ada@example.com", "Confirm").await;
}

#[tokio::test]
async fn a_sent_mail_is_not_sent_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--parameter", WITH_MAIL];
    let mut app = TestApp::start_in(dir.path(), &args);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    app.mail_to("ada@example.com", "Confirm").await;
    // The mailer repeats work that is not recorded in streams.json.
    app.settled().await;
    app.stop_with("TERM");
    let app = TestApp::start_in(dir.path(), &args);
    app.sign_up("bob@example.com", PASSWORD).await.expect(201);
    app.mail_to("bob@example.com", "Confirm").await;
    let mails = app.mails_to("ada@example.com").await;
    assert_eq!(mails.len(), 1, "sent more than once: {mails:?}");
}

/// SES verifies an address or its whole domain; `localhost` is not a domain that it can verify.
#[tokio::test]
async fn mail_comes_from_an_address_whose_domain_is_verified() {
    let app = TestApp::start_with(&["MailFrom=app@mail.example"]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let mail = app.mail_to("ada@example.com", "Confirm").await;
    assert_eq!(mail["from"], "app@mail.example");
}

/// Calls SES with each function's own key, as an attacker who controls the function could.
#[tokio::test]
async fn only_the_mailer_sends_and_only_from_one_address() {
    let app = TestApp::start_unrecorded(&[WITH_MAIL]);
    let send = |key: &str, from: &str| {
        let text = |data: &str| json!({"Data": data, "Charset": "UTF-8"});
        let body = json!({
            "FromEmailAddress": from,
            "Destination": {"ToAddresses": ["ada@example.com"]},
            "Content": {"Simple": {
                "Subject": text("Hello"), "Body": {"Text": text("Hello"), "Html": text("Hello")},
            }},
        });
        let url = format!("{}/v2/email/outbound-emails", app.endpoint("ses"));
        let request = UnsignedRequest {
            service: "ses",
            url: &url,
            headers: &[("content-type", "application/json")],
            body: &body.to_string(),
        };
        Response::to(request.sign(key, &app.secret_key(key)))
    };
    let sender = "cloakroom@localhost";
    for function in [
        "RECOVERY", "SIGNUP", "SIGNIN", "ACCOUNT", "USERS", "KEYS", "UPLOADS",
    ] {
        let response = send(&format!("LOCAL{function}FUNCTION"), sender).await;
        let text = String::from_utf8(response.expect(403).body).unwrap();
        assert!(text.contains("ses:SendEmail"), "{function}: {text}");
    }
    send("LOCALMAILERFUNCTION", "boss@example.com")
        .await
        .expect(403);
    send("AKIAIOSFODNN7EXAMPLE", sender).await.expect(403);
    send("LOCALMAILERFUNCTION", sender).await.expect(200);
}

#[tokio::test]
async fn the_mailer_cannot_read_a_hash() {
    let app = TestApp::start_unrecorded(&[WITH_MAIL]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let read = async |table: &str, key: Value, projection: Option<&str>| {
        let mut body = json!({"TableName": format!("cloakroom-dev-{table}Table"), "Key": key});
        if let Some(projection) = projection {
            body["ProjectionExpression"] = json!(projection);
            body["ExpressionAttributeNames"] = json!({"#h": "hash"});
            if !projection.contains('#') {
                body.as_object_mut()
                    .unwrap()
                    .remove("ExpressionAttributeNames");
            }
        }
        let target = "DynamoDB_20120810.GetItem";
        app.call_engine("dynamodb", "LOCALMAILERFUNCTION", target, &body)
            .await
            .status
    };
    let email = || json!({"email": {"S": "ada@example.com"}});
    let id = || json!({"id": {"S": "x"}});
    for (table, key, projection, status) in [
        ("Credentials", email(), Some("user_id, session_epoch"), 200),
        ("Credentials", email(), None, 400),
        ("Credentials", email(), Some("#h"), 400),
        ("Credentials", email(), Some("user_id, #h"), 400),
        ("Credentials", email(), Some("roles"), 400),
        ("Users", id(), Some("email, email_canonical"), 200),
        ("Users", id(), None, 400),
        ("Users", id(), Some("profile"), 400),
        ("EmailTokens", id(), None, 400),
        ("SignUps", email(), None, 400),
        ("Limits", id(), None, 400),
        ("MailBlocks", json!({"address": {"S": "x"}}), None, 200),
        ("Outbox", id(), None, 400),
    ] {
        let found = read(table, key, projection).await;
        assert_eq!(found, status, "{table} {projection:?}");
    }
}
