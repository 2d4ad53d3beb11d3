//! An account with more files than one invocation erases.

use std::fs;

use serde_json::json;

use super::{end_locks, let_time_pass, scan};
use crate::{
    support::{PASSWORD, TestApp, WITH_MAIL, cloakroom_dev, rounds},
    uploads::{create_upload, run_reconciler},
};

/// Starts a system whose invocations of upload-grants are near their end from the beginning, so that each erases some uploads.
fn start(dir: &std::path::Path) -> TestApp {
    let template = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"));
    let template = template.unwrap();
    let role = template.find("Role: !GetAtt UploadGrantsRole.Arn").unwrap();
    let (before, after) = template.split_at(role);
    let template = format!(
        "{before}{}",
        after.replacen("Timeout: 60", "Timeout: 10", 1)
    );
    let file = dir.join("template.yaml");
    fs::write(&file, template).unwrap();
    let data = dir.join("data");
    let mut command = cloakroom_dev(&data);
    command.arg("--template").arg(&file);
    command.args(["--parameter", WITH_MAIL, "--parameter", "LogLevel=info"]);
    TestApp::start_command(&mut command, &data)
}

#[tokio::test]
async fn an_erasure_continues_where_its_invocation_ended() {
    let dir = tempfile::tempdir().unwrap();
    let app = start(dir.path());
    let user = app.new_user("ada@example.com").await;
    let mut last = String::new();
    for number in 0..rounds(40, 400) {
        let created = create_upload(&user, &format!("{number}.txt"), 5).await;
        created["upload"]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut last);
    }
    let deleted = user
        .delete("/users/me", &json!({"password": PASSWORD}))
        .await;
    deleted.expect(204);
    app.settled().await;
    app.log_with(&["erasure_continues"]).await;
    let records = scan::query(&app, "UploadsTable", "owner", &user.id).await;
    assert!(!records.is_empty());
    assert!(
        records
            .iter()
            .all(|record| record["erased"]["BOOL"] == true)
    );
    // A grant that an interrupted invocation has left.
    let grant = json!({
        "upload": {"S": last}, "reader": {"S": "everyone"}, "owner": {"S": user.id},
        "deletions": {"N": "0"}, "granted_at": {"S": super::LONG_AGO},
    });
    scan::put(&app, "ReadGrantsTable", &grant).await;
    end_locks(&app, &user.id).await;
    for _ in 0..3 {
        let_time_pass(&app, &user.id).await;
        run_reconciler(&app).await;
    }
    for (table, key, value) in [
        ("UploadsTable", "owner", &user.id),
        ("ReadGrantsTable", "upload", &last),
    ] {
        let left = scan::query(&app, table, key, value).await;
        assert_eq!(left.len(), 0, "{left:?}");
    }
}
