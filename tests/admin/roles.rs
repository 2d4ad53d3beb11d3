use serde_json::json;

use super::{ask, standing};
use crate::support::{PASSWORD, SignedIn, TestApp, parts};

#[tokio::test]
async fn a_role_comes_and_goes_with_the_next_token() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let sign_in = async || SignedIn::new(&app, app.sign_in("ada@example.com", PASSWORD).await);
    let roles_of = |who: &SignedIn<'_>| parts(&who.token).1["roles"].clone();

    let given = ask(&admin, "admin", &ada.id).await.expect(200);
    assert_eq!(given.json()["user"]["roles"], json!(["admin"]));
    assert_eq!(given.header("etag"), Some("\"2\""));
    ada.get("/admin/users").await.expect(403);
    let promoted = sign_in().await;
    assert_eq!(roles_of(&promoted), json!(["admin"]));
    promoted.get("/admin/users").await.expect(200);
    ask(&promoted, "see", &admin.id).await.expect(200);

    let without = ask(&admin, "nobody", &ada.id).await.expect(200);
    assert_eq!(without.json()["user"]["roles"], json!([]));
    assert_eq!(roles_of(&sign_in().await), json!([]));
    // What the token says can still be seen; changed can nothing be (see `access`).
    promoted.get("/admin/users").await.expect(200);
    // The sessions go on, with the roles of the moment.
    let body = json!({"refreshToken": promoted.refresh_token});
    let refreshed = app.post("/session/refresh", &body).await.expect(200).json();
    let token = refreshed["accessToken"].as_str().unwrap().to_owned();
    let demoted = SignedIn::with_token(&app, token);
    assert_eq!(roles_of(&demoted), json!([]));
    demoted.get("/admin/users").await.expect(403);
    let sessions_live = (1, false, vec![]);
    assert_eq!(
        standing(&app, "ada@example.com", &ada.id).await,
        sessions_live
    );
}

#[tokio::test]
async fn the_same_roles_again_change_nothing() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for (roles, etag) in [
        (json!([]), "\"1\""),
        (json!(["admin"]), "\"2\""),
        (json!(["admin", "admin"]), "\"2\""),
    ] {
        let path = format!("/admin/users/{}/roles", ada.id);
        let answer = admin.put(&path, &json!({"roles": roles})).await.expect(200);
        assert_eq!(answer.header("etag"), Some(etag));
    }
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
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
        let answer = admin.put(&path, &body).await.expect(422);
        assert_eq!(answer.problem(), "validation_failed", "{body}");
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], pointer, "{body}");
        assert_eq!(errors[0]["code"], code, "{body}");
    }
    let untouched = (1, false, vec![]);
    assert_eq!(standing(&app, "ada@example.com", &ada.id).await, untouched);
}

/// A change by the owner and one by an administrator both count, whichever comes first.
#[tokio::test]
async fn roles_and_profile_change_at_once() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    for round in 0..10 {
        let (roles, name) = (["nobody", "admin"][round % 2], format!("Ada {round}"));
        let body = json!({"name": name});
        let (managed, patched) =
            tokio::join!(ask(&admin, roles, &ada.id), ada.patch("/users/me", &body));
        managed.expect(200);
        patched.expect(200);
        let user = ask(&admin, "see", &ada.id).await.expect(200).json()["user"].clone();
        assert_eq!(user["name"], json!(name));
        assert_eq!(user["roles"].as_array().unwrap().len(), round % 2);
    }
}
