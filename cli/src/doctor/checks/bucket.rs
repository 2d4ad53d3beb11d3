use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};
use serde_json::Value;

use super::super::{Deployment, Doctor, Finding};
use crate::aws::AwsError;

/// The logical id of the bucket.
pub(super) const BUCKET: &str = "UploadsBucket";

/// Compares the settings of the uploads bucket with the template.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    let Some(name) = deployment.resource(BUCKET) else {
        let text = "the stack has no uploads bucket";
        return vec![Finding::problem("bucket", text, doctor.deploy())];
    };
    let (client, endpoint) = doctor.connection.s3();
    let bucket = Bucket {
        client,
        endpoint,
        name,
    };
    let mut findings = vec![
        bucket.versioning().await,
        bucket.object_lock().await,
        bucket.events().await,
    ];
    if doctor.is_local() {
        let names = [PUBLIC_ACCESS, ENCRYPTION, LIFECYCLE];
        findings.extend(names.map(Finding::not_local));
        return findings;
    }
    findings.push(bucket.public_access().await);
    findings.push(bucket.encryption().await);
    let rules = deployment
        .template
        .property(BUCKET, "LifecycleConfiguration");
    findings.push(bucket.lifecycle(&rules.unwrap_or_default()).await);
    findings
}

const PUBLIC_ACCESS: &str = "bucket public access";
const ENCRYPTION: &str = "bucket encryption";
const LIFECYCLE: &str = "bucket lifecycle";

pub(super) struct Bucket<'a> {
    pub(super) client: Client,
    pub(super) endpoint: String,
    pub(super) name: &'a str,
}

impl Bucket<'_> {
    /// Returns `None` when the bucket has no such configuration.
    pub(super) fn found<T, E>(
        &self,
        check: &str,
        action: &'static str,
        result: Result<T, SdkError<E>>,
    ) -> Result<Option<T>, Finding>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match result {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_missing(error.code()) => Ok(None),
            Err(error) => {
                let error = AwsError::from_call(action, self.name, &self.endpoint, &error);
                Err(Finding::failed(check, &error))
            }
        }
    }

    async fn versioning(&self) -> Finding {
        let check = "bucket versioning";
        let read = self.client.get_bucket_versioning().bucket(self.name);
        let read = self.found(check, "s3:GetBucketVersioning", read.send().await);
        let found = match read {
            Ok(found) => found,
            Err(finding) => return finding,
        };
        let status = found.and_then(|found| found.status);
        if status.is_some_and(|status| status.as_str() == "Enabled") {
            return Finding::ok(check, "deleted files can be restored");
        }
        let text = "deleted files cannot be restored: versioning is off";
        let enable = format!(
            "aws s3api put-bucket-versioning --bucket {} --versioning-configuration Status=Enabled",
            self.name
        );
        Finding::problem(check, text, enable)
    }

    async fn object_lock(&self) -> Finding {
        let check = "bucket Object Lock";
        let read = self.client.get_object_lock_configuration();
        let read = read.bucket(self.name).send().await;
        let action = "s3:GetBucketObjectLockConfiguration";
        let found = match self.found(check, action, read) {
            Ok(found) => found,
            Err(finding) => return finding,
        };
        let configuration = found.and_then(|found| found.object_lock_configuration);
        let enabled = configuration.and_then(|found| found.object_lock_enabled);
        if enabled.is_some() {
            return Finding::ok(check, "files can be locked");
        }
        let enable = format!(
            "aws s3api put-object-lock-configuration --bucket {} \
             --object-lock-configuration ObjectLockEnabled=Enabled",
            self.name
        );
        Finding::problem(check, "files cannot be locked", enable)
    }

    async fn events(&self) -> Finding {
        let check = "bucket events";
        let read = self.client.get_bucket_notification_configuration();
        let read = read.bucket(self.name).send().await;
        let found = match self.found(check, "s3:GetBucketNotification", read) {
            Ok(found) => found,
            Err(finding) => return finding,
        };
        if found.is_some_and(|found| found.event_bridge_configuration.is_some()) {
            return Finding::ok(check, "S3 sends events to EventBridge");
        }
        let text =
            "S3 sends no events to EventBridge, so uploads stay pending until they are completed";
        let enable = format!(
            "aws s3api put-bucket-notification-configuration --bucket {} \
             --notification-configuration '{{\"EventBridgeConfiguration\":{{}}}}'",
            self.name
        );
        Finding::problem(check, text, enable)
    }

    async fn public_access(&self) -> Finding {
        let read = self.client.get_public_access_block().bucket(self.name);
        let action = "s3:GetBucketPublicAccessBlock";
        let found = match self.found(PUBLIC_ACCESS, action, read.send().await) {
            Ok(found) => found,
            Err(finding) => return finding,
        };
        let block = found.and_then(|found| found.public_access_block_configuration);
        let is_complete = block.is_some_and(|block| {
            [
                block.block_public_acls,
                block.block_public_policy,
                block.ignore_public_acls,
                block.restrict_public_buckets,
            ]
            .into_iter()
            .all(|blocked| blocked == Some(true))
        });
        if is_complete {
            return Finding::ok(PUBLIC_ACCESS, "all public access is blocked");
        }
        let block = format!(
            "aws s3api put-public-access-block --bucket {} --public-access-block-configuration \
             BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
            self.name
        );
        Finding::problem(PUBLIC_ACCESS, "public access is not blocked", block)
    }

    async fn encryption(&self) -> Finding {
        let read = self.client.get_bucket_encryption().bucket(self.name);
        let action = "s3:GetEncryptionConfiguration";
        let found = match self.found(ENCRYPTION, action, read.send().await) {
            Ok(found) => found,
            Err(finding) => return finding,
        };
        let rules = found.and_then(|found| found.server_side_encryption_configuration);
        let is_encrypted = rules.is_some_and(|rules| {
            let mut rules = rules.rules.iter();
            rules.any(|rule| rule.apply_server_side_encryption_by_default.is_some())
        });
        if is_encrypted {
            return Finding::ok(ENCRYPTION, "files are encrypted");
        }
        let rule =
            r#"{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}"#;
        let enable = format!(
            "aws s3api put-bucket-encryption --bucket {} --server-side-encryption-configuration '{rule}'",
            self.name
        );
        Finding::problem(ENCRYPTION, "files are not encrypted", enable)
    }

    async fn lifecycle(&self, expected: &Value) -> Finding {
        let read = self.client.get_bucket_lifecycle_configuration();
        let read = read.bucket(self.name).send().await;
        let found = match self.found(LIFECYCLE, "s3:GetLifecycleConfiguration", read) {
            Ok(found) => found,
            Err(finding) => return finding,
        };
        let found = found.and_then(|found| found.rules).unwrap_or_default();
        let is_enabled = |id: &str| {
            let mut rules = found.iter();
            rules.any(|rule| rule.id() == Some(id) && rule.status.as_str() == "Enabled")
        };
        let expected = expected["Rules"].as_array().into_iter().flatten();
        let missing: Vec<_> = expected
            .filter_map(|rule| rule["Id"].as_str())
            .filter(|id| !is_enabled(id))
            .collect();
        if missing.is_empty() {
            return Finding::ok(LIFECYCLE, "all rules of the template are enabled");
        }
        let text = format!("the rules {} are missing or disabled", missing.join(", "));
        let fix = format!(
            "Add them as in template.yaml: S3 console, bucket {}, Management, Lifecycle rules",
            self.name
        );
        Finding::problem(LIFECYCLE, text, fix)
    }
}

/// Whether an error says that the bucket has no such configuration.
fn is_missing(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "NoSuchCORSConfiguration"
                | "NoSuchLifecycleConfiguration"
                | "NoSuchPublicAccessBlockConfiguration"
                | "ObjectLockConfigurationNotFoundError"
                | "ServerSideEncryptionConfigurationNotFoundError"
        )
    )
}
