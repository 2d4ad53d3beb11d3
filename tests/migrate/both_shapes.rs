//! Functions serve requests while a migration runs.

use std::process::Stdio;

use serde_json::json;

use super::{GRANTS, Lab, USERS};
use crate::{
    support::SignedIn,
    uploads::{store_file, upload_path},
};

/// Removes attributes of later versions from the items that functions have written, as if earlier functions had written them.
async fn age(lab: &Lab, table: &str, later: &[&str]) {
    for mut item in lab.dump(table).await {
        item.retain(|name, _| !later.contains(&name.as_str()));
        lab.put(table, item.into_iter().collect()).await;
    }
}

async fn use_grants(owner: &SignedIn<'_>, reader: &SignedIn<'_>, upload: &serde_json::Value) {
    reader.get(&upload_path(upload, "")).await.expect(200);
    let grants = owner.get(&upload_path(upload, "/grants")).await.expect(200);
    assert_eq!(grants.json()["items"].as_array().unwrap().len(), 1);
    let path = upload_path(upload, "/grants/everyone");
    owner.put(&path, &json!({})).await.expect(204);
    owner.delete(&path, &json!({})).await.expect(204);
}

/// Counts the uploads in the list that needs the new attribute.
async fn shared(reader: &SignedIn<'_>) -> usize {
    let page = reader.get("/uploads?shared=with-me").await.expect(200);
    page.json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn grants_of_both_shapes_are_valid_while_they_are_migrated() {
    let lab = Lab::start();
    let (owner, reader) = (
        lab.app.new_user("ada@example.com").await,
        lab.app.new_user("bob@example.com").await,
    );
    lab.old_grants(100).await;
    let mut uploads = Vec::new();
    for number in 0..3 {
        let upload = store_file(&owner, &format!("{number}.txt"), b"x").await;
        let path = upload_path(&upload, &format!("/grants/{}", reader.id));
        owner.put(&path, &json!({})).await.expect(204);
        uploads.push(upload);
    }
    age(&lab, GRANTS, &["received_at"]).await;
    assert_eq!(
        shared(&reader).await,
        0,
        "not found until they are migrated"
    );
    let url = lab.app.endpoint("dynamodb");
    let args = [
        "up",
        "--to",
        "1",
        "--items-per-second",
        "50",
        "--segments",
        "2",
        "--page",
        "5",
    ];
    let mut command = lab.app.operator_command("migrate", &args, url);
    let mut run = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut rounds = 0;
    let status = loop {
        for upload in &uploads {
            use_grants(&owner, &reader, upload).await;
        }
        rounds += 1;
        if let Some(status) = run.try_wait().unwrap() {
            break status;
        }
    };
    assert!(status.success());
    assert!(rounds > 1, "requests were sent while the migration ran");
    for upload in &uploads {
        use_grants(&owner, &reader, upload).await;
    }
    assert_eq!(shared(&reader).await, 3);
    let grants = lab.dump(GRANTS).await;
    assert_eq!(grants.len(), 103);
    assert!(
        grants.iter().all(|item| item.contains_key("received_at")),
        "{grants:?}"
    );
}

/// Counts the users whose names begin with "Ada", as an administrator finds them.
async fn found(admin: &SignedIn<'_>) -> usize {
    let page = admin.get("/admin/users?name=ada").await.expect(200);
    page.json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn users_of_both_shapes_can_do_everything_while_they_are_migrated() {
    let lab = Lab::start();
    let admin = lab.app.admin("admin@example.com").await;
    let ada = lab.app.new_user("ada@example.com").await;
    let bob = lab.app.new_user("bob@example.com").await;
    age(&lab, USERS, &["name_head", "name_key"]).await;
    assert_eq!(found(&admin).await, 0, "not found until they are migrated");
    let url = lab.app.endpoint("dynamodb");
    let args = ["up", "--items-per-second", "1", "--segments", "1"];
    let mut command = lab.app.operator_command("migrate", &args, url);
    let mut run = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut rounds = 0;
    let status = loop {
        ada.get("/users/me").await.expect(200);
        let renamed = json!({"name": format!("Bob {rounds}")});
        bob.patch("/users/me", &renamed).await.expect(200);
        let list = admin.get("/admin/users").await.expect(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 3);
        rounds += 1;
        if let Some(status) = run.try_wait().unwrap() {
            break status;
        }
    };
    assert!(status.success());
    assert!(rounds > 1, "requests were sent while the migration ran");
    // Bob has another name, which the migration has not undone.
    assert_eq!(found(&admin).await, 2);
    let bobs = admin.get("/admin/users?name=bob").await.expect(200).json();
    let name = format!("Bob {}", rounds - 1);
    assert_eq!(bobs["items"][0]["name"], json!(name), "{bobs}");
}
