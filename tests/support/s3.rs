//! The stored objects, read and locked with the AWS SDK.

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    primitives::DateTime,
    types::{ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode},
};
use serde_json::Value;

use super::{SignedIn, TestApp};

/// The uploads bucket of the local system.
pub const BUCKET: &str = "cloakroom-dev-uploadsbucket";

impl TestApp {
    /// Builds an S3 client with an access key: `local` is the operator's; a function's key also has a session token.
    pub fn s3(&self, key: &str) -> Client {
        let token = (key != "local").then(|| "local".to_owned());
        let key = self.access_key(key);
        let secret = self.secret_key(key);
        let credentials = Credentials::new(key, secret, token, None, "a test");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .endpoint_url(self.endpoint("s3"))
            .force_path_style(true)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::new("us-east-1"));
        Client::from_conf(config.build())
    }

    /// Returns the Object Lock of the current version: the mode, and the end in seconds since 1970.
    pub async fn object_lock(&self, key: &str) -> Option<(ObjectLockMode, i64)> {
        let head = self.s3("local").head_object().bucket(self.bucket());
        let head = head.key(key);
        let head = head.send().await.unwrap();
        Some((
            head.object_lock_mode?,
            head.object_lock_retain_until_date?.secs(),
        ))
    }

    /// Locks an object in S3 with the operator's key.
    pub async fn set_object_lock(&self, key: &str, mode: ObjectLockRetentionMode, until: i64) {
        let retention = ObjectLockRetention::builder().mode(mode);
        let retention = retention.retain_until_date(DateTime::from_secs(until));
        let put = self.s3("local").put_object_retention();
        let put = put.bucket(self.bucket());
        let put = put.key(key).retention(retention.build());
        put.send().await.unwrap();
    }
}

impl SignedIn<'_> {
    /// Returns the object key of an upload of this user.
    pub fn object_key(&self, upload: &Value) -> String {
        let id = upload["upload"]["id"].as_str().unwrap();
        format!("{}/{id}", self.id)
    }
}
