use aws_sdk_s3::{
    primitives::DateTime,
    types::{ObjectLockMode, ObjectLockRetention},
};
use serde_json::json;

use super::assert_exit;
use crate::{
    support::{BUCKET, PASSWORD, SignedIn, TestApp, hours_from_now},
    uploads::{store_file, upload_path},
};

const LOCKS: &str = "MaxLockDays=30";

/// An upload that is locked for two days.
struct Locked<'a> {
    owner: &'a SignedIn<'a>,
    path: String,
    key: String,
    until: String,
}

/// Stores a file and locks it for two days.
async fn store_locked<'a>(owner: &'a SignedIn<'a>) -> Locked<'a> {
    let upload = store_file(owner, "a.txt", b"hello").await;
    let until = hours_from_now(48).0;
    let body = json!({"until": until, "password": PASSWORD});
    let response = owner.put(&upload_path(&upload, "/lock"), &body).await;
    response.expect(200);
    Locked {
        owner,
        path: upload_path(&upload, ""),
        key: owner.object_key(&upload),
        until,
    }
}

impl Locked<'_> {
    /// Sends a DELETE for the upload, and returns the status.
    async fn try_delete(&self) -> u16 {
        self.owner.delete(&self.path, &json!(null)).await.status
    }

    /// Removes the lock in S3 but not in the record, as an interrupted command leaves it.
    async fn lift_in_s3(&self, app: &TestApp) {
        let put = app.s3("local").put_object_retention().bucket(BUCKET);
        let put = put.key(&self.key).bypass_governance_retention(true);
        let put = put.retention(ObjectLockRetention::builder().build());
        put.send().await.unwrap();
    }

    /// Removes the lock in the record but not in S3.
    async fn unlock_record(&self, app: &TestApp) {
        let (owner, id) = self.key.split_once('/').unwrap();
        let body = json!({
            "TableName": "cloakroom-dev-UploadsTable", "Key": {"owner": {"S": owner}, "id": {"S": id}},
            "UpdateExpression": "REMOVE locked_until",
        });
        let target = "DynamoDB_20120810.UpdateItem";
        let response = app.call_engine("dynamodb", "local", target, &body).await;
        response.expect(200);
    }
}

/// Runs `cloakroom uploads unlock`, and asserts the exit code.
fn run_unlock(app: &TestApp, key: &str, code: i32) -> (String, String) {
    assert_exit(&app.run_uploads(&["unlock", key]), code)
}

#[tokio::test]
async fn the_operator_lifts_a_lock() {
    let app = TestApp::start_with(&[LOCKS]);
    let ada = app.new_user("ada@example.com").await;
    let file = store_locked(&ada).await;
    let other = store_locked(&ada).await;
    assert_eq!(file.try_delete().await, 409);
    let (out, _) = run_unlock(&app, &file.key, 0);
    let expected = format!(
        "{} is unlocked. It was locked until {}\n",
        file.key, file.until
    );
    assert_eq!(out, expected);
    assert_eq!(app.object_lock(&file.key).await, None);
    let (out, _) = run_unlock(&app, &file.key, 0);
    assert_eq!(out, format!("{} is not locked\n", file.key));
    assert_eq!(file.try_delete().await, 204);
    // The other upload is still locked.
    assert_eq!(other.try_delete().await, 409);
}

#[tokio::test]
async fn the_next_unlock_finishes_an_interrupted_one() {
    let app = TestApp::start_with(&[LOCKS]);
    let ada = app.new_user("ada@example.com").await;
    for in_s3_first in [true, false] {
        let file = store_locked(&ada).await;
        if in_s3_first {
            file.lift_in_s3(&app).await;
            assert_eq!(file.try_delete().await, 409);
        } else {
            file.unlock_record(&app).await;
            assert!(app.object_lock(&file.key).await.is_some());
        }
        let (out, _) = run_unlock(&app, &file.key, 0);
        assert!(out.contains("is unlocked"), "{out}");
        assert_eq!(app.object_lock(&file.key).await, None);
        assert_eq!(file.try_delete().await, 204);
    }
}

#[tokio::test]
async fn every_version_of_a_file_is_unlocked() {
    let app = TestApp::start_with(&[LOCKS]);
    let ada = app.new_user("ada@example.com").await;
    let file = store_locked(&ada).await;
    let s3 = app.s3("local");
    // Locked from the start: without a lock, upload-events would delete the second version.
    let until = DateTime::from_secs(hours_from_now(24).1);
    let put = s3.put_object().bucket(BUCKET).key(&file.key);
    let put = put.object_lock_mode(ObjectLockMode::Governance);
    let put = put.object_lock_retain_until_date(until);
    put.send().await.unwrap();
    run_unlock(&app, &file.key, 0);
    let listed = s3.list_object_versions().bucket(BUCKET).prefix(&file.key);
    let listed = listed.send().await.unwrap();
    for version in listed.versions() {
        let delete = s3.delete_object().bucket(BUCKET).key(&file.key);
        let delete = delete.version_id(version.version_id().unwrap());
        delete.send().await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_in_compliance_mode_cannot_be_lifted() {
    let app = TestApp::start_with(&[LOCKS, "LockMode=compliance"]);
    let ada = app.new_user("ada@example.com").await;
    let file = store_locked(&ada).await;
    let held = app.object_lock(&file.key).await;
    let (out, err) = run_unlock(&app, &file.key, 1);
    assert_eq!(out, "");
    assert!(err.contains("compliance mode"), "{err}");
    assert!(err.contains(&file.until), "{err}");
    assert_eq!(app.object_lock(&file.key).await, held);
    assert_eq!(file.try_delete().await, 409);
}

#[tokio::test]
async fn unlocking_an_unknown_upload_is_an_error() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let missing = format!("{}/01920000-0000-7000-8000-000000000000", ada.id);
    let (_, err) = run_unlock(&app, &missing, 1);
    assert!(
        err.contains(&format!("there is no upload {missing}")),
        "{err}"
    );
    for malformed in ["", "x", &ada.id, &format!("{missing}/x")] {
        let (_, err) = run_unlock(&app, malformed, 2);
        assert!(err.contains("with a slash between them"), "{err}");
    }
    let elsewhere = ["unlock", &missing, "--stack", "elsewhere"];
    let (_, err) = assert_exit(&app.run_uploads(&elsewhere), 1);
    assert!(err.contains("no table elsewhere-UploadsTable"), "{err}");
    let elsewhere = [&elsewhere[..], &["--uploads-table", "any"]].concat();
    let (_, err) = assert_exit(&app.run_uploads(&elsewhere), 1);
    assert!(err.contains("no bucket elsewhere-uploadsbucket"), "{err}");
}
