//! `PUT` and `DELETE /uploads/{id}/grants`: read grants to e-mail addresses.

use reqwest::Method;
use serde_json::{Value, json};

use super::{create_upload, download, shared::shared_names, store_file, upload_path};
use crate::support::{PASSWORD, Response, SignedIn, TestApp, lines::calls, rounds, token_in};

const GRACE: &str = "grace@example.com";

/// Follows the link that was mailed to a new account's address.
pub async fn verify(app: &TestApp, email: &str) {
    let mail = app.mail_to(email, "Confirm").await;
    let token = token_in(&mail, "verify-email");
    app.verify_email(&token).await.expect(204);
}

/// Creates an account with a verified address, and signs in.
pub async fn verified_user<'a>(app: &'a TestApp, email: &str) -> SignedIn<'a> {
    let user = app.new_user(email).await;
    verify(app, email).await;
    user
}

/// Shares an upload with an address.
pub async fn share(owner: &SignedIn<'_>, upload: &Value, email: &str) -> Response {
    let path = upload_path(upload, "/grants");
    owner.put(&path, &json!({ "email": email })).await
}

async fn unshare(owner: &SignedIn<'_>, upload: &Value, email: &str) -> Response {
    let path = upload_path(upload, "/grants");
    owner.delete(&path, &json!({ "email": email })).await
}

/// Lists the grants of an upload without their times.
async fn grants(owner: &SignedIn<'_>, upload: &Value) -> Value {
    let listed = owner.get(&upload_path(upload, "/grants")).await.expect(200);
    let mut items = listed.json()["items"].clone();
    for grant in items.as_array_mut().unwrap() {
        let granted_at = grant.as_object_mut().unwrap().remove("grantedAt");
        assert!(granted_at.unwrap().is_string());
    }
    items
}

#[tokio::test]
async fn a_grant_to_an_address_takes_effect_for_the_account_that_verified_it() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let eve = verified_user(&app, "eve@example.com").await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    // There is no such account yet.
    share(&ada, &upload, "Grace@Example.com").await.expect(204);
    let expected = json!([{"email": "Grace@Example.com"}]);
    assert_eq!(grants(&ada, &upload).await, expected);

    // An account that only claims the address cannot read the file.
    let grace = app.new_user(GRACE).await;
    let path = upload_path(&upload, "");
    assert_eq!(grace.get(&path).await.expect(404).problem(), "not_found");
    assert_eq!(shared_names(&grace).await, [] as [Value; 0]);

    verify(&app, GRACE).await;
    assert_eq!(download(&grace, &upload).await.expect(200).body, b"engine");
    assert_eq!(shared_names(&grace).await, ["plan.txt"]);
    eve.get(&path).await.expect(404);
    assert_eq!(shared_names(&eve).await, [] as [Value; 0]);
    let deleted = grace.delete(&path, &json!(null)).await;
    assert_eq!(deleted.expect(404).problem(), "not_found");

    unshare(&ada, &upload, GRACE).await.expect(204);
    grace.get(&path).await.expect(404);
    assert_eq!(shared_names(&grace).await, [] as [Value; 0]);
    assert_eq!(grants(&ada, &upload).await, json!([]));
    unshare(&ada, &upload, GRACE).await.expect(204);
}

/// Two addresses, of which one has an account, get the same response, the same work and the same list.
#[tokio::test]
async fn a_grant_to_an_address_does_not_reveal_whether_it_has_an_account() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    verified_user(&app, GRACE).await;
    let mut seen = Vec::new();
    // The first request starts an instance of the function.
    ada.get("/uploads").await.expect(200);
    for email in [GRACE, "alice@example.com"] {
        let upload = create_upload(&ada, "plan.txt", 6).await;
        let mut responses = vec![share(&ada, &upload, email).await.expect(204)];
        responses.push(ada.get(&upload_path(&upload, "/grants")).await.expect(200));
        let listed = grants(&ada, &upload).await;
        assert_eq!(listed, json!([{"email": email}]));
        responses.push(unshare(&ada, &upload, email).await.expect(204));
        let mut observed = Vec::new();
        for response in &responses {
            let names: Vec<_> = response.headers.keys().map(ToString::to_string).collect();
            let line = app.line_of(response).await;
            let units = ["ReadUnits", "WriteUnits"].map(|name| line[name].clone());
            observed.push((names, calls(&line), units));
        }
        assert_eq!(responses[0].body, b"");
        assert_eq!(responses[2].body, b"");
        seen.push(observed);
    }
    assert_eq!(seen[0], seen[1]);
    // The account gets no mail but the one of its sign-up.
    assert_eq!(app.mails_to(GRACE).await.len(), 1);
}

#[tokio::test]
async fn the_forms_of_an_address_are_one_grant() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let jose = app.new_user("jos\u{e9}@b\u{fc}cher.example").await;
    // SES sends no mail to such an address.
    let key = json!({"email": {"S": "jos\u{e9}@xn--bcher-kva.example"}});
    let now = json!({":now": {"S": "2026-01-01T00:00:00Z"}});
    app.update_item("Credentials", &key, "SET verified_at = :now", &now)
        .await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    let forms = [
        "jos\u{e9}@b\u{fc}cher.example",
        "JOSE\u{301}@xn--bcher-kva.example",
        " Jos\u{c9}@B\u{dc}CHER.example ",
    ];
    for form in forms {
        share(&ada, &upload, form).await.expect(204);
        let listed = grants(&ada, &upload).await;
        let shown = listed[0]["email"].as_str().unwrap();
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
        assert!(shown.to_lowercase().starts_with("jos\u{e9}@"), "{shown}");
        assert_eq!(download(&jose, &upload).await.body, b"engine");
    }
    // Another address that only looks similar.
    unshare(&ada, &upload, "jose@b\u{fc}cher.example")
        .await
        .expect(204);
    jose.get(&upload_path(&upload, "")).await.expect(200);
    unshare(&ada, &upload, forms[1]).await.expect(204);
    jose.get(&upload_path(&upload, "")).await.expect(404);
}

#[tokio::test]
async fn a_grant_to_an_address_ends_with_the_deletion_and_leaves_other_grants() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let grace = verified_user(&app, GRACE).await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    let (path, none) = (upload_path(&upload, ""), json!(null));
    share(&ada, &upload, GRACE).await.expect(204);
    for grantee in ["everyone", &grace.id] {
        let path = upload_path(&upload, &format!("/grants/{grantee}"));
        ada.put(&path, &none).await.expect(204);
    }
    let expected = json!([{"grantee": grace.id}, {"email": GRACE}, {"grantee": "everyone"}]);
    assert_eq!(grants(&ada, &upload).await, expected);
    unshare(&ada, &upload, GRACE).await.expect(204);
    grace.get(&path).await.expect(200);
    share(&ada, &upload, GRACE).await.expect(204);

    let versions = ada.get(&upload_path(&upload, "/versions")).await.json();
    let version = json!({"versionId": versions["items"][0]["versionId"]});
    ada.delete(&path, &none).await.expect(204);
    share(&ada, &upload, GRACE).await.expect(404);
    unshare(&ada, &upload, GRACE).await.expect(404);
    grace.get(&path).await.expect(404);
    let restored = ada.post(&upload_path(&upload, "/restore"), &version).await;
    restored.expect(200);
    grace.get(&path).await.expect(404);
    assert_eq!(shared_names(&grace).await, [] as [Value; 0]);
    assert_eq!(grants(&ada, &upload).await, json!([]));
    share(&ada, &upload, GRACE).await.expect(204);
    assert_eq!(download(&grace, &upload).await.body, b"engine");
}

/// A grant belongs to the mailbox, not to the account.
#[tokio::test]
async fn a_grant_to_an_address_ends_with_the_account_that_verified_it() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    share(&ada, &upload, GRACE).await.expect(204);
    let first = verified_user(&app, GRACE).await;
    let path = upload_path(&upload, "");
    first.get(&path).await.expect(200);
    let password = json!({ "password": PASSWORD });
    first.delete("/users/me", &password).await.expect(204);
    // The access token of the deleted account has not expired.
    first.get(&path).await.expect(404);
    app.settled().await;

    let second = app.new_user(GRACE).await;
    // A link for a new password also verifies the address.
    app.forgot_password(GRACE).await.expect(202);
    let mail = app.mail_to(GRACE, "new password").await;
    let token = token_in(&mail, "reset-password");
    app.reset_password(&token, "difference engine")
        .await
        .expect(204);
    second.get(&path).await.expect(404);
    share(&ada, &upload, GRACE).await.expect(204);
    assert_eq!(download(&second, &upload).await.body, b"engine");
    first.get(&path).await.expect(404);
}

#[tokio::test]
async fn a_grant_to_the_owners_address_changes_nothing_for_the_owner() {
    let app = TestApp::start_with_mail(&[]);
    let ada = verified_user(&app, "ada@example.com").await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    share(&ada, &upload, "ada@example.com").await.expect(204);
    assert_eq!(download(&ada, &upload).await.body, b"engine");
    assert_eq!(shared_names(&ada).await, [] as [Value; 0]);
}

#[tokio::test]
async fn an_invalid_address_is_a_422_and_no_path_names_an_address() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let upload = create_upload(&ada, "plan.txt", 6).await;
    for email in ["", "grace", "grace@", "a b@example.com", "a@b"] {
        for response in [
            share(&ada, &upload, email).await,
            unshare(&ada, &upload, email).await,
        ] {
            assert_eq!(response.status, 422, "{email}");
            assert_eq!(response.problem(), "validation_failed");
            assert_eq!(response.json()["errors"][0]["code"], "invalid_email");
        }
    }
    share(&ada, &upload, GRACE).await.expect(204);
    // An address is stored as a UUID of version 8, which is no user's id.
    let digest = auth::sha256_bytes(GRACE);
    let id = domain::AddressId::of_digest(digest).to_string();
    for grantee in [GRACE, &id, &format!("email:{id}")] {
        for method in [Method::PUT, Method::DELETE] {
            let path = upload_path(&upload, &format!("/grants/{grantee}"));
            let refused = Response::to(ada.request(method, &path)).await;
            assert_eq!(refused.expect(404).problem(), "not_found");
        }
    }
    assert_eq!(grants(&ada, &upload).await, json!([{"email": GRACE}]));
}

#[tokio::test]
async fn without_configured_mail_a_grant_to_an_address_is_a_501() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let upload = create_upload(&ada, "plan.txt", 6).await;
    let refused = share(&ada, &upload, GRACE).await.expect(501);
    assert_eq!(refused.problem(), "mail_not_configured");
    unshare(&ada, &upload, GRACE).await.expect(204);
    assert_eq!(grants(&ada, &upload).await, json!([]));
}

#[tokio::test]
async fn a_grant_that_is_given_during_the_deletion_does_not_outlive_it() {
    let app = TestApp::start_with_mail(&[]);
    let ada = app.new_user("ada@example.com").await;
    let grace = verified_user(&app, GRACE).await;
    for _ in 0..rounds(4, 40) {
        let upload = store_file(&ada, "plan.txt", b"engine").await;
        let versions = ada.get(&upload_path(&upload, "/versions")).await.json();
        let version = json!({"versionId": versions["items"][0]["versionId"]});
        let (path, none) = (upload_path(&upload, ""), json!(null));
        let (deleted, shared, again) = tokio::join!(
            ada.delete(&path, &none),
            share(&ada, &upload, GRACE),
            share(&ada, &upload, GRACE),
        );
        deleted.expect(204);
        for shared in [shared, again] {
            assert!([204, 404].contains(&shared.status), "{shared:?}");
        }
        let restored = ada.post(&upload_path(&upload, "/restore"), &version).await;
        restored.expect(200);
        grace.get(&path).await.expect(404);
        assert_eq!(shared_names(&grace).await, [] as [Value; 0]);
        assert_eq!(grants(&ada, &upload).await, json!([]));
        ada.delete(&path, &none).await.expect(204);
    }
}
