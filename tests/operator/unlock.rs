use aws_sdk_s3::types::{ObjectLockRetention, ObjectLockRetentionMode};
use serde_json::json;

use super::ended;
use crate::{
    support::{BUCKET, PASSWORD, SignedIn, TestApp, in_hours},
    uploads::{path, store},
};

const LOCKS: &str = "MaxLockDays=30";

/// A file that is locked for two days.
struct Locked<'a> {
    owner: &'a SignedIn<'a>,
    path: String,
    key: String,
    until: String,
}

async fn locked<'a>(owner: &'a SignedIn<'a>) -> Locked<'a> {
    let upload = store(owner, "a.txt", b"hello").await;
    let until = in_hours(48).0;
    let body = json!({"until": until, "password": PASSWORD});
    let answer = owner.put(&path(&upload, "/lock"), &body).await;
    answer.expect(200);
    Locked {
        owner,
        path: path(&upload, ""),
        key: owner.key_of(&upload),
        until,
    }
}

impl Locked<'_> {
    async fn deletion(&self) -> u16 {
        self.owner.delete(&self.path, &json!(null)).await.status
    }

    /// Lifts the lock in S3 alone, as a command that was interrupted leaves it.
    async fn lift_in_s3(&self, app: &TestApp) {
        let put = app.s3("local").put_object_retention().bucket(BUCKET);
        let put = put.key(&self.key).bypass_governance_retention(true);
        let put = put.retention(ObjectLockRetention::builder().build());
        put.send().await.unwrap();
    }

    /// Unlocks the record alone.
    async fn unlock_record(&self, app: &TestApp) {
        let (owner, id) = self.key.split_once('/').unwrap();
        let body = json!({
            "TableName": "cloakroom-dev-UploadsTable", "Key": {"owner": {"S": owner}, "id": {"S": id}},
            "UpdateExpression": "REMOVE locked_until",
        });
        let target = "DynamoDB_20120810.UpdateItem";
        let answer = app.call_engine("dynamodb", "local", target, &body).await;
        answer.expect(200);
    }
}

fn unlock(app: &TestApp, key: &str, code: i32) -> (String, String) {
    ended(&app.uploads(&["unlock", key]), code)
}

#[tokio::test]
async fn the_operator_lifts_a_lock() {
    let app = TestApp::start_with(&[LOCKS]);
    let ada = app.somebody("ada@example.com").await;
    let file = locked(&ada).await;
    let other = locked(&ada).await;
    assert_eq!(file.deletion().await, 409);
    let (out, _) = unlock(&app, &file.key, 0);
    let expected = format!(
        "{} is unlocked. It was locked until {}\n",
        file.key, file.until
    );
    assert_eq!(out, expected);
    assert_eq!(app.held(&file.key).await, None);
    let (out, _) = unlock(&app, &file.key, 0);
    assert_eq!(out, format!("{} is not locked\n", file.key));
    assert_eq!(file.deletion().await, 204);
    // It can be locked and unlocked again, and nothing else was unlocked.
    assert_eq!(other.deletion().await, 409);
}

#[tokio::test]
async fn an_interrupted_unlocking_is_finished_by_the_next() {
    let app = TestApp::start_with(&[LOCKS]);
    let ada = app.somebody("ada@example.com").await;
    for in_s3_first in [true, false] {
        let file = locked(&ada).await;
        if in_s3_first {
            file.lift_in_s3(&app).await;
            assert_eq!(file.deletion().await, 409);
        } else {
            file.unlock_record(&app).await;
            assert!(app.held(&file.key).await.is_some());
        }
        let (out, _) = unlock(&app, &file.key, 0);
        assert!(out.contains("is unlocked"), "{out}");
        assert_eq!(app.held(&file.key).await, None);
        assert_eq!(file.deletion().await, 204);
    }
}

#[tokio::test]
async fn every_version_of_a_file_is_unlocked() {
    let app = TestApp::start_with(&[LOCKS]);
    let ada = app.somebody("ada@example.com").await;
    let file = locked(&ada).await;
    let s3 = app.s3("local");
    let put = s3.put_object().bucket(BUCKET).key(&file.key);
    put.send().await.unwrap();
    let governance = ObjectLockRetentionMode::Governance;
    app.hold(&file.key, governance, in_hours(24).1).await;
    unlock(&app, &file.key, 0);
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
    let ada = app.somebody("ada@example.com").await;
    let file = locked(&ada).await;
    let held = app.held(&file.key).await;
    let (out, err) = unlock(&app, &file.key, 1);
    assert_eq!(out, "");
    assert!(err.contains("compliance mode"), "{err}");
    assert!(err.contains(&file.until), "{err}");
    assert_eq!(app.held(&file.key).await, held);
    assert_eq!(file.deletion().await, 409);
}

#[tokio::test]
async fn an_upload_that_is_not_there_is_an_error() {
    let app = TestApp::start();
    let ada = app.somebody("ada@example.com").await;
    let missing = format!("{}/01920000-0000-7000-8000-000000000000", ada.id);
    let (_, err) = unlock(&app, &missing, 1);
    assert!(
        err.contains(&format!("there is no upload {missing}")),
        "{err}"
    );
    for malformed in ["", "x", &ada.id, &format!("{missing}/x")] {
        let (_, err) = unlock(&app, malformed, 2);
        assert!(err.contains("with a slash between them"), "{err}");
    }
    let elsewhere = ["unlock", &missing, "--stack", "elsewhere"];
    let (_, err) = ended(&app.uploads(&elsewhere), 1);
    assert!(err.contains("no table elsewhere-UploadsTable"), "{err}");
    let elsewhere = [&elsewhere[..], &["--uploads-table", "any"]].concat();
    let (_, err) = ended(&app.uploads(&elsewhere), 1);
    assert!(err.contains("no bucket elsewhere-uploadsbucket"), "{err}");
}
