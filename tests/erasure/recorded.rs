//! Only a deletion by the API or an operator's command is a deletion for the services.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    scan::{self, objects_of},
    start,
};
use crate::{
    operator::assert_exit,
    support::{PASSWORD, SignedIn, token_in},
    uploads::{share, store_file, upload_path, verified_user},
};

const GRACE: &str = "grace@example.com";

fn user_key(id: &str) -> Value {
    json!({"TableName": "cloakroom-dev-UsersTable", "Key": {"id": {"S": id}}})
}

async fn delete_account(user: &SignedIn<'_>) {
    let password = json!({ "password": PASSWORD });
    user.delete("/users/me", &password).await.expect(204);
}

#[tokio::test]
async fn an_item_that_disappears_is_no_deletion() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let key = user_key(&ada.id);
    let item = scan::dynamodb(&app, "GetItem", &key).await["Item"].clone();
    scan::dynamodb(&app, "DeleteItem", &key).await;
    app.settled().await;
    assert_eq!(objects_of(&app, &ada.id).await.len(), 1);

    scan::put(&app, "UsersTable", &item).await;
    app.settled().await;
    let download = ada.get(&upload_path(&upload, "")).await.expect(200).json();
    assert!(download["download"]["url"].is_string(), "{download}");
}

#[tokio::test]
async fn the_record_of_a_deletion_has_no_address_and_no_name() {
    let app = start();
    let admin = app.admin("root@example.com").await;
    let grace = verified_user(&app, GRACE).await;
    let path = format!("/admin/users/{}", grace.id);
    admin.delete(&path, &json!({})).await.expect(204);
    let key = user_key(&format!("deleted#{}", grace.id));
    let item = scan::dynamodb(&app, "GetItem", &key).await["Item"].clone();
    let attributes: BTreeSet<_> = item
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = ["address", "deleted_at", "expires_at", "id", "version"];
    assert_eq!(attributes, BTreeSet::from(expected));
    assert!(!item.to_string().contains("grace"), "{item}");
    // Neither the listing nor the search finds it.
    let listed = admin.get("/admin/users").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    admin.get(&path).await.expect(404);
}

/// Otherwise everyone could end the shares to an address, by signing up with it.
#[tokio::test]
async fn an_account_whose_address_is_not_verified_does_not_end_the_shares_to_it() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    let upload = store_file(&ada, "plan.txt", b"engine").await;
    share(&ada, &upload, GRACE).await.expect(204);
    let stranger = app.new_user(GRACE).await;
    delete_account(&stranger).await;
    app.settled().await;
    let grants = upload_path(&upload, "/grants");
    let listed = async || ada.get(&grants).await.expect(200).json()["items"].clone();
    assert_eq!(listed().await[0]["email"], GRACE);

    let grace = app.new_user(GRACE).await;
    app.forgot_password(GRACE).await.expect(202);
    let mail = app.mail_to(GRACE, "new password").await;
    let token = token_in(&mail, "reset-password");
    app.reset_password(&token, PASSWORD).await.expect(204);
    delete_account(&grace).await;
    app.settled().await;
    assert_eq!(listed().await, json!([]));
}

/// A restore brings back a user whose deletion is recorded.
#[tokio::test]
async fn a_replay_does_not_erase_a_user_who_was_restored() {
    let app = start();
    let ada = app.new_user("ada@example.com").await;
    app.stop_function("UploadGrantsFunction").await;
    let upload = store_file(&ada, "a.txt", b"hello").await;
    let item = scan::dynamodb(&app, "GetItem", &user_key(&ada.id)).await["Item"].clone();
    delete_account(&ada).await;
    // The event is a dead letter.
    app.settled().await;
    app.start_function("UploadGrantsFunction").await;
    scan::put(&app, "UsersTable", &item).await;
    let (out, _) = assert_exit(&app.run_events(&["replay"]), 0);
    assert!(!out.contains("user.deleted"), "{out}");
    app.settled().await;
    ada.get(&upload_path(&upload, "")).await.expect(200);

    // Without the restored item, the record is enough: nothing has to be guessed.
    scan::dynamodb(&app, "DeleteItem", &user_key(&ada.id)).await;
    let (out, _) = assert_exit(&app.run_events(&["replay"]), 0);
    assert!(!out.contains("do not exist"), "{out}");
    app.settled().await;
    ada.get(&upload_path(&upload, "")).await.expect(404);
}
