use serde_json::json;

use super::{credential_item, manage, user_item};
use crate::support::rounds;
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn an_account_deleted_by_an_admin_is_removed_and_its_email_is_free() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let response = manage(&admin, "delete", &ada.id).await.expect(204);
    assert!(response.body.is_empty());

    for action in [
        "get",
        "disable",
        "enable",
        "grant admin",
        "revoke admin",
        "delete",
    ] {
        let response = manage(&admin, action, &ada.id).await;
        assert_eq!(response.problem(), "not_found", "{action}");
    }
    assert!(credential_item(&app, "ada@example.com").await.is_null());
    assert!(user_item(&app, &ada.id).await.is_null());
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    let me = ada.get("/users/me").await.expect(401);
    assert_eq!(me.problem(), "invalid_token");
    let list = admin.get("/admin/users").await.expect(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);

    let another = app.new_user("ada@example.com").await;
    assert_ne!(another.id, ada.id);
    // The old id stays unknown, and does not affect the new account.
    manage(&admin, "delete", &ada.id).await.expect(404);
    another.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn a_disabled_account_can_be_deleted() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    manage(&admin, "disable", &ada.id).await.expect(200);
    manage(&admin, "delete", &ada.id).await.expect(204);
    app.new_user("ada@example.com").await;
}

/// The owner and an admin delete the account at the same time: it is deleted once and completely.
#[tokio::test]
async fn of_simultaneous_deletions_by_owner_and_admin_exactly_one_succeeds() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for round in 0..rounds(3, 10) {
        let email = format!("{round}@example.com");
        let ada = app.new_user(&email).await;
        let proof = json!({"password": PASSWORD});
        let (by_admin, by_owner) = tokio::join!(
            manage(&admin, "delete", &ada.id),
            ada.delete("/users/me", &proof)
        );
        let statuses = (by_admin.status, by_owner.status);
        assert!([(204, 401), (404, 204)].contains(&statuses), "{statuses:?}");
        assert!(credential_item(&app, &email).await.is_null());
        assert!(user_item(&app, &ada.id).await.is_null());
        app.sign_up(&email, PASSWORD).await.expect(201);
    }
}
