use serde_json::json;

use crate::support::{PASSWORD, SignedIn, TestApp};

/// A fixed issuer: the default contains the port, which changes at a restart.
const ISSUER: [&str; 2] = ["--parameter", "Issuer=https://accounts.example.com"];

#[tokio::test]
async fn accounts_and_keys_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    // TERM is a regular stop; KILL stands for a power failure.
    let mut app = TestApp::start_in(dir.path(), &ISSUER);
    let mut token = app.new_user("ada@example.com").await.token;
    let key = app.signer().await.kid;
    for (signal, next) in [("TERM", "bob@example.com"), ("KILL", "cyd@example.com")] {
        app.new_user(next).await;
        app.stop_with(signal);
        app = TestApp::start_in(dir.path(), &ISSUER);
        assert_eq!(app.signer().await.kid, key, "{signal}");
        let ada = SignedIn::with_token(&app, token);
        ada.get("/users/me").await.expect(200);
        // All acknowledged writes are kept, up to the last request before the end.
        for email in ["ada@example.com", next] {
            app.sign_in(email, PASSWORD).await.expect(200);
            app.sign_up(email, PASSWORD).await.expect(409);
        }
        token = SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await).token;
    }
}

#[tokio::test]
async fn a_deleted_account_stays_deleted_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = TestApp::start_in(dir.path(), &ISSUER);
    let ada = app.new_user("ada@example.com").await;
    let password = json!({"password": PASSWORD});
    ada.delete("/users/me", &password).await.expect(204);
    let token = ada.token;
    app.stop_with("KILL");
    let app = TestApp::start_in(dir.path(), &ISSUER);
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    let ada = SignedIn::with_token(&app, token);
    ada.get("/users/me").await.expect(401);
    app.new_user("ada@example.com").await;
}

/// A sign-up in flight is complete or absent.
#[tokio::test]
async fn a_system_killed_during_sign_ups_is_consistent_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut app = TestApp::start_in(dir.path(), &ISSUER);
    let emails: Vec<_> = (0..20).map(|i| format!("{i}@example.com")).collect();
    let sign_up = |email: &String| {
        let body = json!({"email": email, "password": PASSWORD, "name": "Ada"});
        let request = app.request(reqwest::Method::POST, "/signup").json(&body);
        tokio::spawn(async move {
            request
                .send()
                .await
                .is_ok_and(|response| response.status() == 201)
        })
    };
    let mut responses: Vec<_> = emails.iter().map(sign_up).collect();
    // The kill comes while some sign-ups are done and others are not.
    responses.remove(0).await.unwrap();
    app.stop_with("KILL");
    let app = TestApp::start_in(dir.path(), &ISSUER);
    for (email, response) in emails[1..].iter().zip(responses) {
        let was_acknowledged = response.await.unwrap();
        let signed_in = app.sign_in(email, PASSWORD).await.status;
        let signed_up = app.sign_up(email, PASSWORD).await.status;
        assert!(
            (signed_in, signed_up) == (200, 409)
                || (!was_acknowledged && (signed_in, signed_up) == (401, 201)),
            "{email}: acknowledged {was_acknowledged}, sign-in {signed_in}, sign-up {signed_up}"
        );
    }
}
