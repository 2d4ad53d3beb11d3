use serde_json::json;

use super::{account_state, manage};
use crate::support::rounds;
use crate::support::{PASSWORD, SignedIn, TestApp, parts};

#[tokio::test]
async fn a_role_change_takes_effect_with_the_next_token() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let sign_in = async || SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let roles_of = |user: &SignedIn<'_>| parts(&user.token).1["roles"].clone();

    let given = manage(&admin, "grant admin", &ada.id).await.expect(200);
    assert_eq!(given.json()["user"]["roles"], json!(["admin"]));
    assert_eq!(given.header("etag"), Some("\"2\""));
    ada.get("/admin/users").await.expect(403);
    let promoted = sign_in().await;
    assert_eq!(roles_of(&promoted), json!(["admin"]));
    promoted.get("/admin/users").await.expect(200);
    manage(&promoted, "get", &admin.id).await.expect(200);

    let without = manage(&admin, "revoke admin", &ada.id).await.expect(200);
    assert_eq!(without.json()["user"]["roles"], json!([]));
    assert_eq!(roles_of(&sign_in().await), json!([]));
    // The old token can still read, but cannot change anything (see `access`).
    promoted.get("/admin/users").await.expect(200);
    // The session continues with the current roles.
    let body = json!({"refreshToken": promoted.refresh_token});
    let refreshed = app.post("/session/refresh", &body).await.expect(200).json();
    let token = refreshed["accessToken"].as_str().unwrap().to_owned();
    let demoted = SignedIn::with_token(&app, token);
    assert_eq!(roles_of(&demoted), json!([]));
    demoted.get("/admin/users").await.expect(403);
    let same_epoch = (1, false, vec![]);
    assert_eq!(
        account_state(&app, "ada@example.com", &ada.id).await,
        same_epoch
    );
}

#[tokio::test]
async fn setting_the_same_roles_again_changes_nothing() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for (roles, etag) in [
        (json!([]), "\"1\""),
        (json!(["admin"]), "\"2\""),
        (json!(["admin", "admin"]), "\"2\""),
    ] {
        let path = format!("/admin/users/{}/roles", ada.id);
        let response = admin.put(&path, &json!({"roles": roles})).await.expect(200);
        assert_eq!(response.header("etag"), Some(etag));
    }
}

#[tokio::test]
async fn an_invalid_role_is_refused() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let path = format!("/admin/users/{}/roles", ada.id);
    for (body, pointer, code) in [
        (json!({}), "/roles", "required"),
        (json!({"roles": "admin"}), "/roles", "wrong_type"),
        (json!({"roles": null}), "/roles", "wrong_type"),
        (json!({"roles": [1]}), "/roles", "wrong_type"),
        (json!({"roles": ["Admin"]}), "/roles", "unknown_role"),
        (
            json!({"roles": ["admin", "root"]}),
            "/roles",
            "unknown_role",
        ),
        (json!({"roles": [], "role": 1}), "/role", "unknown_field"),
    ] {
        let response = admin.put(&path, &body).await.expect(422);
        assert_eq!(response.problem(), "validation_failed", "{body}");
        let errors = response.json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], pointer, "{body}");
        assert_eq!(errors[0]["code"], code, "{body}");
    }
    let untouched = (1, false, vec![]);
    assert_eq!(
        account_state(&app, "ada@example.com", &ada.id).await,
        untouched
    );
}

/// A change by the owner and one by an admin are both applied, in either order.
#[tokio::test]
async fn simultaneous_role_and_profile_changes_are_both_applied() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for round in 0..rounds(3, 10) {
        let (roles, name) = (
            ["revoke admin", "grant admin"][round % 2],
            format!("Ada {round}"),
        );
        let body = json!({"name": name});
        let (managed, patched) = tokio::join!(
            manage(&admin, roles, &ada.id),
            ada.patch("/users/me", &body)
        );
        managed.expect(200);
        patched.expect(200);
        let user = manage(&admin, "get", &ada.id).await.expect(200).json()["user"].clone();
        assert_eq!(user["name"], json!(name));
        assert_eq!(user["roles"].as_array().unwrap().len(), round % 2);
    }
}
