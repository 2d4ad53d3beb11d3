use serde_json::json;

use super::{ask, credential, user};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_deleted_account_is_gone_in_every_way_and_its_address_is_free() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    let answer = ask(&admin, "delete", &ada.id).await.expect(204);
    assert!(answer.body.is_empty());

    for what in ["see", "disable", "enable", "admin", "nobody", "delete"] {
        let answer = ask(&admin, what, &ada.id).await;
        assert_eq!(answer.problem(), "not_found", "{what}");
    }
    assert!(credential(&app, "ada@example.com").await.is_null());
    assert!(user(&app, &ada.id).await.is_null());
    app.sign_in("ada@example.com", PASSWORD).await.expect(401);
    let me = ada.get("/users/me").await.expect(401);
    assert_eq!(me.problem(), "invalid_token");
    let list = admin.get("/admin/users").await.expect(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);

    let another = app.new_user("ada@example.com").await;
    assert_ne!(another.id, ada.id);
    // The old id is still nobody's, and the new account is untouched by it.
    ask(&admin, "delete", &ada.id).await.expect(404);
    another.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn a_disabled_account_can_be_deleted() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    ask(&admin, "disable", &ada.id).await.expect(200);
    ask(&admin, "delete", &ada.id).await.expect(204);
    app.new_user("ada@example.com").await;
}

/// The owner and an administrator, at once: it is deleted once, and nothing of it is left.
#[tokio::test]
async fn of_the_owners_and_the_administrators_deletion_exactly_one_happens() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    for round in 0..10 {
        let email = format!("{round}@example.com");
        let ada = app.new_user(&email).await;
        let proof = json!({"password": PASSWORD});
        let (by_admin, by_owner) = tokio::join!(
            ask(&admin, "delete", &ada.id),
            ada.delete("/users/me", &proof)
        );
        let statuses = (by_admin.status, by_owner.status);
        assert!([(204, 401), (404, 204)].contains(&statuses), "{statuses:?}");
        assert!(credential(&app, &email).await.is_null());
        assert!(user(&app, &ada.id).await.is_null());
        app.sign_up(&email, PASSWORD).await.expect(201);
    }
}
