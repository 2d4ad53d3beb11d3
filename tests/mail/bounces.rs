//! Mail that bounces or is complained about. The addresses are those of SES's mailbox simulator, which the local SES engine
//! supports.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Response, SignedIn, TestApp, UnsignedRequest, WITH_MAIL, eventually,
};

const BOUNCE: &str = "bounce@simulator.amazonses.com";
const COMPLAINT: &str = "complaint@simulator.amazonses.com";

/// Signs up an address of the mailbox simulator, waits until its mail is blocked, and returns the user's id.
async fn blocked_user(app: &TestApp, email: &str) -> String {
    let user = app.sign_up(email, PASSWORD).await.expect(201).json();
    app.log_with(&["mail_bounced"]).await;
    user["user"]["id"].as_str().unwrap().to_owned()
}

async fn mail_block(admin: &SignedIn<'_>, id: &str) -> Value {
    let user = admin.get(&format!("/admin/users/{id}")).await.expect(200);
    user.json()["mailBlock"].clone()
}

async fn allow_mail(admin: &SignedIn<'_>, id: &str) -> Response {
    let path = format!("/admin/users/{id}/mail-block");
    Response::to(admin.request(Method::DELETE, &path)).await
}

async fn wait_for_blocked_mail(app: &TestApp) {
    app.log_with(&["\"mail_blocked\""]).await;
}

/// The event of SES for a mail, with one member of `detail`.
fn feedback(email: &str, mailed_at: &str, member: &str, content: &Value) -> Value {
    json!({
        "version": "0", "id": "1", "source": "aws.ses", "detail-type": "Email Bounced", "detail": {
            "mail": {"timestamp": mailed_at, "destination": [email]},
            member: content,
        },
    })
}

#[tokio::test]
async fn mail_to_an_address_that_bounces_stops_and_an_administrator_sees_why() {
    for (address, reason) in [(BOUNCE, "bounce"), (COMPLAINT, "complaint")] {
        let app = TestApp::start_with_mail(&["LogLevel=info"]);
        let admin = app.admin("admin@example.com").await;
        let id = blocked_user(&app, address).await;
        let block = mail_block(&admin, &id).await;
        assert_eq!(block["reason"], reason);
        assert!(block["since"].is_string(), "{block}");
        assert_eq!(mail_block(&admin, &admin.id).await, json!(null));

        let blocked = app.forgot_password(address).await.expect(202);
        let other = app.forgot_password("admin@example.com").await.expect(202);
        assert_eq!(blocked.body, other.body);
        wait_for_blocked_mail(&app).await;
        app.mail_to("admin@example.com", "new password").await;
        assert_eq!(app.mails_to(address).await.len(), 1);
        assert!(!app.log().contains(address), "{}", app.log());
    }
}

#[tokio::test]
async fn an_administrator_allows_mail_again_until_the_next_bounce() {
    let app = TestApp::start_with_mail(&["LogLevel=info"]);
    let admin = app.admin("admin@example.com").await;
    let id = blocked_user(&app, BOUNCE).await;
    for _ in 0..2 {
        allow_mail(&admin, &id).await.expect(204);
        assert_eq!(mail_block(&admin, &id).await, json!(null));
    }
    app.forgot_password(BOUNCE).await.expect(202);
    app.mail_to(BOUNCE, "new password").await;
    eventually(async || mail_block(&admin, &id).await["reason"] == "bounce").await;
    allow_mail(&admin, "no-id").await.expect(404);
}

/// SES can deliver an event twice, and late.
#[tokio::test]
async fn an_event_from_before_the_decision_of_an_administrator_changes_nothing() {
    let app = TestApp::start_with_mail(&["LogLevel=info"]);
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let permanent = json!({"bounceType": "Permanent", "bounceSubType": "General"});
    let late = feedback(
        "Ada@example.com",
        "2026-01-01T00:00:00.000Z",
        "bounce",
        &permanent,
    );
    let deliver = async |event: &Value| {
        let response = app
            .invoke_function("MailFeedbackFunction", event, &[])
            .await;
        assert_eq!(response.expect(200).header("x-amz-function-error"), None);
    };
    deliver(&late).await;
    deliver(&late).await;
    assert_eq!(mail_block(&admin, &ada.id).await["reason"], "bounce");
    allow_mail(&admin, &ada.id).await.expect(204);
    deliver(&late).await;
    assert_eq!(mail_block(&admin, &ada.id).await, json!(null));
}

#[tokio::test]
async fn a_full_mailbox_and_a_mail_that_is_not_spam_block_nothing() {
    let app = TestApp::start_with_mail(&["LogLevel=info"]);
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for (member, content) in [
        (
            "bounce",
            json!({"bounceType": "Transient", "bounceSubType": "MailboxFull"}),
        ),
        ("complaint", json!({"complaintFeedbackType": "not-spam"})),
    ] {
        let event = feedback("ada@example.com", "2026-01-01T00:00:00Z", member, &content);
        let response = app
            .invoke_function("MailFeedbackFunction", &event, &[])
            .await;
        assert_eq!(response.expect(200).header("x-amz-function-error"), None);
    }
    assert_eq!(mail_block(&admin, &ada.id).await, json!(null));
    app.forgot_password("ada@example.com").await.expect(202);
    app.mail_to("ada@example.com", "new password").await;
}

/// A sign-up of `SignupMode=verified` has no account yet. Where `+tag` is not a subaddress, the address without it belongs to
/// another person.
#[tokio::test]
async fn an_address_without_an_account_is_blocked_and_an_address_without_its_tag_is_not() {
    let app = TestApp::start_with_mail(&["SignupMode=verified", "LogLevel=info"]);
    app.sign_up(BOUNCE, PASSWORD).await.expect(202);
    app.log_with(&["mail_bounced"]).await;
    app.forgot_password(BOUNCE).await.expect(202);
    wait_for_blocked_mail(&app).await;

    let permanent = json!({"bounceType": "Permanent", "bounceSubType": "General"});
    let of_tag = feedback(
        "ada+x@example.com",
        "2026-01-01T00:00:00Z",
        "bounce",
        &permanent,
    );
    let response = app
        .invoke_function("MailFeedbackFunction", &of_tag, &[])
        .await;
    assert_eq!(response.expect(200).header("x-amz-function-error"), None);
    app.sign_up("ada@example.com", PASSWORD).await.expect(202);
    eventually(async || app.mails_to("ada@example.com").await.len() == 1).await;
}

#[tokio::test]
async fn an_event_that_cannot_be_read_goes_to_the_dead_letters() {
    let app = TestApp::start_with_mail(&[]);
    let unknown = json!({"source": "aws.ses", "detail-type": "Email Bounced", "detail": {}});
    let later = [("x-amz-invocation-type", "Event")];
    let invoked = app.invoke_function("MailFeedbackFunction", &unknown, &later);
    invoked.await.expect(202);
    eventually(async || {
        let log = app.log();
        log.contains("mail-feedback failed")
            && log.contains(
                "the event is now in the dead-letter queue cloakroom-dev-MailerDeadLetters",
            )
    })
    .await;
}

/// The functions that send and that block mail cannot do each other's work.
#[tokio::test]
async fn the_function_that_blocks_addresses_can_do_nothing_else() {
    let app = TestApp::start_unrecorded(&[WITH_MAIL]);
    let key = json!({"address": {"S": "x"}});
    let name = |table: &str| format!("cloakroom-dev-{table}Table");
    let call = async |function: &str, action: &str, body: Value| {
        let target = format!("DynamoDB_20120810.{action}");
        app.call_engine("dynamodb", function, &target, &body)
            .await
            .status
    };
    let (feedback, mailer) = ("LOCALMAILFEEDBACKFUNCTION", "LOCALMAILERFUNCTION");
    let item = || json!({"TableName": name("MailBlocks"), "Key": key});
    assert_eq!(call(feedback, "UpdateItem", item()).await, 200);
    assert_eq!(call(feedback, "GetItem", item()).await, 400);
    assert_eq!(call(feedback, "DeleteItem", item()).await, 400);
    assert_eq!(call(mailer, "GetItem", item()).await, 200);
    assert_eq!(call(mailer, "UpdateItem", item()).await, 400);
    let credential = json!({"TableName": name("Credentials"), "Key": {"email": {"S": "x"}}});
    assert_eq!(call(feedback, "GetItem", credential).await, 400);
    let url = format!("{}/v2/email/outbound-emails", app.endpoint("ses"));
    let request = UnsignedRequest {
        service: "ses",
        url: &url,
        headers: &[("content-type", "application/json")],
        body: "{\"FromEmailAddress\": \"cloakroom@localhost\", \"Destination\": {\"ToAddresses\": [\"a@b.example\"]}, \
               \"Content\": {\"Simple\": {\"Subject\": {\"Data\": \"x\"}, \"Body\": {\"Text\": {\"Data\": \"x\"}, \
               \"Html\": {\"Data\": \"x\"}}}}}",
    };
    let response = Response::to(request.sign(feedback, &app.secret_key(feedback))).await;
    assert_eq!(response.status, 403);
}
