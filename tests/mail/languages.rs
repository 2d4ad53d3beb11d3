//! The language of mails, and the name of the app in them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, TestApp, WITH_MAIL, token_in};

async fn post(app: &TestApp, path: &str, body: &Value, languages: &str) -> Response {
    let request = app.request(Method::POST, path).json(body);
    Response::to(request.header("accept-language", languages)).await
}

#[tokio::test]
async fn mails_have_the_language_of_the_request_and_the_name_of_the_app() {
    let app = TestApp::start_with_mail(&["AppName=Tea & Cake"]);
    let account = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada"});
    post(&app, "/signup", &account, "de-AT,de;q=0.9,en;q=0.8")
        .await
        .expect(201);
    let mail = app.mail_to("ada@example.com", "Bestätigen Sie").await;
    assert_eq!(
        mail["subject"],
        "Bestätigen Sie Ihre Adresse für Tea & Cake"
    );
    let html = mail["html"].as_str().unwrap();
    assert!(html.contains("<html lang=\"de\" dir=\"ltr\">"), "{html}");
    assert!(html.contains("Tea &amp; Cake"), "{html}");
    let token = token_in(&mail, "verify-email");
    app.verify_email(&token).await.expect(204);

    let forgotten = json!({"email": "ada@example.com"});
    post(&app, "/password/forgot", &forgotten, "tlh, fr;q=0.5")
        .await
        .expect(202);
    let mail = app.mail_to("ada@example.com", "Choisissez").await;
    let token = token_in(&mail, "reset-password");
    app.reset_password(&token, "difference engine")
        .await
        .expect(204);
}

#[tokio::test]
async fn a_sign_up_that_is_verified_first_has_its_language_and_any_header_is_accepted() {
    let app = TestApp::start_with(&["SignupMode=verified", WITH_MAIL, "AppName="]);
    let account = |email: &str| json!({"email": email, "password": PASSWORD, "name": "Ada"});
    post(&app, "/signup", &account("ada@example.com"), "es")
        .await
        .expect(202);
    let mail = app.mail_to("ada@example.com", "Termine su registro").await;
    // Without a name, the mail names the host of the page.
    let host = app.endpoint("api").replace("http://", "");
    assert_eq!(mail["subject"], format!("Termine su registro en {host}"));

    let hostile = format!("{}, <script>;q=x, de;q=0, ;;,", "x-".repeat(500));
    post(&app, "/signup", &account("bob@example.com"), &hostile)
        .await
        .expect(202);
    app.mail_to("bob@example.com", "Finish signing up").await;
}
