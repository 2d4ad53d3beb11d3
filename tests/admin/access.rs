//! Who may call the admin routes.

use reqwest::Method;
use serde_json::json;

use super::{account_state, credential_item, manage, user_item};
use crate::support::{Response, SignedIn, TestApp};

const ROUTES: [(Method, &str); 6] = [
    (Method::GET, "/admin/users"),
    (Method::GET, "/admin/users/{id}"),
    (Method::POST, "/admin/users/{id}/disable"),
    (Method::POST, "/admin/users/{id}/enable"),
    (Method::PUT, "/admin/users/{id}/roles"),
    (Method::DELETE, "/admin/users/{id}"),
];
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

#[tokio::test]
async fn every_admin_route_requires_the_admin_role() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let grace = app.new_user("grace@example.com").await;
    // Another user's account, an admin's, a malformed id, and the caller's own account.
    let ids = [&grace.id, &admin.id, "no-id"];
    let ada = app.new_user("ada@example.com").await;
    for (method, path) in ROUTES {
        for id in ids.into_iter().chain([ada.id.as_str()]) {
            let path = path.replace("{id}", id);
            // A malformed body gets the same responses.
            for body in ["{\"roles\": [\"admin\"]}", "{"] {
                let request = |request: reqwest::RequestBuilder| {
                    let typed = request.header("content-type", "application/json");
                    Response::to(typed.body(body))
                };
                let route = format!("{method} {path}");
                let anonymous = request(app.request(method.clone(), &path)).await;
                assert_eq!(anonymous.status, 401, "{route}");
                assert_eq!(anonymous.problem(), "unauthorized", "{route}");
                let forged = app.request(method.clone(), &path).bearer_auth("a.b.c");
                assert_eq!(request(forged).await.problem(), "invalid_token", "{route}");
                let user = request(ada.request(method.clone(), &path)).await;
                assert_eq!(user.status, 403, "{route}");
                assert_eq!(user.problem(), "forbidden", "{route}");
            }
        }
        let path = path.replace("{id}", &grace.id);
        let request = admin.request(method.clone(), &path);
        let response = Response::to(request.json(&json!({"roles": []}))).await;
        assert!([200, 204].contains(&response.status), "{method} {path}");
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
async fn an_admin_route_with_an_unknown_user_id_is_a_404() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let mut other = admin.id.clone();
    other.replace_range(0..1, "f");
    for id in [
        other.as_str(),
        "me",
        "1",
        "%00",
        "..%2fusers",
        &admin.id.to_uppercase(),
    ] {
        for action in ACTIONS {
            let response = manage(&admin, action, id).await;
            assert_eq!(response.status, 404, "{action} {id}");
            assert_eq!(response.problem(), "not_found", "{action} {id}");
        }
    }
}

#[tokio::test]
async fn an_admin_cannot_manage_their_own_account() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for action in CHANGES {
        let response = manage(&admin, action, &admin.id).await;
        assert_eq!(response.status, 409, "{action}");
        assert_eq!(response.problem(), "not_yourself", "{action}");
    }
    let unchanged = (1, false, vec!["admin".to_owned()]);
    assert_eq!(
        account_state(&app, "admin@example.com", &admin.id).await,
        unchanged
    );
}

/// The access token still has the role. A former admin must neither restore their own role nor change other accounts.
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
        // Not "enable" and "revoke admin", which would change nothing.
        for action in ["disable", "grant admin", "delete"] {
            for id in [&grace.id, &admin.id] {
                if (action, id) == ("grant admin", &admin.id) {
                    continue;
                }
                let response = manage(&former, action, id).await;
                assert_eq!(response.status, 403, "after {end}: {action}");
                assert_eq!(response.problem(), "forbidden", "after {end}: {action}");
            }
        }
        for action in CHANGES {
            let own = manage(&former, action, &former.id).await;
            assert_eq!(own.problem(), "not_yourself", "after {end}: {action}");
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
