//! Access to the operations of administration, by each kind of caller.

use serde_json::json;

use super::{account_state, credential_item, manage, user_item};
use crate::support::{
    Response, SignedIn, TestApp,
    routes::{Operation, operations},
};

/// The actions on one account.
const ACTIONS: [&str; 6] = [
    "get",
    "disable",
    "enable",
    "grant admin",
    "revoke admin",
    "delete",
];
const CHANGES: [&str; 5] = ["disable", "enable", "grant admin", "revoke admin", "delete"];

/// Returns the operations of administration, with the deletion of an account last.
fn administration() -> Vec<Operation> {
    let mut found = operations();
    found.retain(Operation::is_administration);
    found.sort_by_key(|operation| {
        operation.method == reqwest::Method::DELETE && operation.path == "/admin/users/{id}"
    });
    assert!(found.len() > 5, "{found:?}");
    found
}

#[tokio::test]
async fn every_admin_route_requires_the_admin_role() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let grace = app.new_user("grace@example.com").await;
    // Accounts of other users, and an invalid id. The caller's own account is added below.
    let ids = [&grace.id, &admin.id, "no-id"];
    let ada = app.new_user("ada@example.com").await;
    for operation in administration() {
        let method = &operation.method;
        for id in ids.into_iter().chain([ada.id.as_str()]) {
            let path = operation.path_with(|_, _| id.to_owned());
            // Access is checked before the body.
            for body in ["{\"roles\": [\"admin\"]}", "{"] {
                let request = |request: reqwest::RequestBuilder| {
                    let typed = request.header("content-type", "application/json");
                    Response::to(typed.body(body))
                };
                let what = format!("{method} {path}");
                let anonymous = request(app.request(method.clone(), &path)).await;
                assert_eq!(anonymous.status, 401, "{what}");
                assert_eq!(anonymous.problem(), "unauthorized", "{what}");
                let forged = app.request(method.clone(), &path).bearer_auth("a.b.c");
                assert_eq!(request(forged).await.problem(), "invalid_token", "{what}");
                let user = request(ada.request(method.clone(), &path)).await;
                assert_eq!(user.status, 403, "{what}");
                assert_eq!(user.problem(), "forbidden", "{what}");
            }
        }
        let path = operation.path_with(|_, _| grace.id.clone());
        let request = admin.request(method.clone(), &path);
        let response = Response::to(request.json(&json!({"roles": []}))).await;
        // The body is not that of every operation, and the product and the order do not exist.
        assert!(
            [200, 204, 404, 422].contains(&response.status),
            "{operation}: {}",
            response.status
        );
    }
    let untouched = (1, false, vec![]);
    assert_eq!(
        account_state(&app, "ada@example.com", &ada.id).await,
        untouched
    );
}

#[tokio::test]
async fn a_new_role_takes_effect_at_the_next_sign_in() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    app.make_admin("ada@example.com");
    ada.get("/admin/users").await.expect(403);
    let later = app
        .sign_in("ada@example.com", crate::support::PASSWORD)
        .await;
    let later = SignedIn::new(&app, later);
    let list = later.get("/admin/users").await.expect(200);
    assert_eq!(list.header("cache-control"), Some("no-store"));
    assert_eq!(list.json()["items"][0]["roles"], json!(["admin"]));
}

#[tokio::test]
async fn an_unknown_user_id_is_a_404() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let mut other = admin.id.clone();
    other.replace_range(0..1, "f");
    for unknown in [
        other.as_str(),
        "me",
        "1",
        "%00",
        "..%2fusers",
        &admin.id.to_uppercase(),
    ] {
        for what in ACTIONS {
            let response = manage(&admin, what, unknown).await;
            assert_eq!(response.status, 404, "{what} {unknown}");
            assert_eq!(response.problem(), "not_found", "{what} {unknown}");
        }
    }
}

#[tokio::test]
async fn an_admin_cannot_manage_their_own_account() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for what in CHANGES {
        let response = manage(&admin, what, &admin.id).await;
        assert_eq!(response.status, 409, "{what}");
        assert_eq!(response.problem(), "not_yourself", "{what}");
    }
    let unchanged = (1, false, vec!["admin".to_owned()]);
    assert_eq!(
        account_state(&app, "admin@example.com", &admin.id).await,
        unchanged
    );
}

/// An access token contains the roles of its sign-in. A former administrator with such a token must not restore the role or
/// change other accounts.
#[tokio::test]
async fn a_demoted_disabled_or_deleted_admin_cannot_change_accounts() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let grace = app.new_user("grace@example.com").await;
    for (i, end) in ["revoke admin", "disable", "delete"]
        .into_iter()
        .enumerate()
    {
        let former = app.admin(&format!("{i}@example.com")).await;
        manage(&admin, end, &former.id)
            .await
            .expect(if end == "delete" { 204 } else { 200 });
        // "enable" and "revoke admin" would change nothing.
        for what in ["disable", "grant admin", "delete"] {
            for id in [&grace.id, &admin.id] {
                if (what, id) == ("grant admin", &admin.id) {
                    continue;
                }
                let response = manage(&former, what, id).await;
                assert_eq!(response.status, 403, "after {end}: {what}");
                assert_eq!(response.problem(), "forbidden", "after {end}: {what}");
            }
        }
        for what in CHANGES {
            let own = manage(&former, what, &former.id).await;
            assert_eq!(own.problem(), "not_yourself", "after {end}: {what}");
        }
    }
    let untouched = (1, false, vec![]);
    assert_eq!(
        account_state(&app, "grace@example.com", &grace.id).await,
        untouched
    );
    assert!(!user_item(&app, &admin.id).await.is_null());
    assert!(!credential_item(&app, "admin@example.com").await.is_null());
}
