use aws_sdk_s3::{
    Client,
    error::ProvideErrorMetadata as _,
    types::{ObjectLockRetention, ObjectLockRetentionMode},
};
use time::OffsetDateTime;

use crate::aws::AwsError;

/// The bucket of the uploaded files, accessed with the operator's credentials.
#[derive(Debug, Clone)]
pub(super) struct UploadsBucket {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) endpoint: String,
}

/// The lock of one version of a file in S3.
#[derive(Debug, Clone)]
pub(super) struct Lock {
    pub(super) version_id: String,
    pub(super) is_compliance: bool,
    pub(super) until: OffsetDateTime,
}

impl UploadsBucket {
    /// Lists the ids of all versions of a file, without delete markers.
    pub(super) async fn versions(&self, key: &str) -> Result<Vec<String>, AwsError> {
        let (mut ids, mut after) = (Vec::new(), (None, None));
        loop {
            let (key_marker, version_marker) = after;
            let listed = self
                .client
                .list_object_versions()
                .bucket(&self.name)
                .prefix(key)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await;
            let action = "s3:ListBucketVersions";
            let listed = listed
                .map_err(|error| AwsError::from_call(action, &self.name, &self.endpoint, &error))?;
            let versions = listed.versions.unwrap_or_default().into_iter();
            let of_key = versions.filter(|version| version.key.as_deref() == Some(key));
            ids.extend(of_key.filter_map(|version| version.version_id));
            if !listed.is_truncated.unwrap_or_default() {
                return Ok(ids);
            }
            after = (listed.next_key_marker, listed.next_version_id_marker);
        }
    }

    /// Returns the lock of a version, unless it has ended.
    pub(super) async fn lock(
        &self,
        key: &str,
        version_id: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Lock>, AwsError> {
        let found = self
            .client
            .get_object_retention()
            .bucket(&self.name)
            .key(key)
            .version_id(version_id)
            .send()
            .await;
        let retention = match found {
            Ok(found) => found.retention,
            Err(error) if error.code() == Some("NoSuchObjectLockConfiguration") => None,
            Err(error) => return Err(self.error("s3:GetObjectRetention", key, &error)),
        };
        let lock = retention.and_then(|retention| parse_lock(&retention, version_id));
        Ok(lock.filter(|lock| now < lock.until))
    }

    /// Removes the governance lock of a version: sends an empty retention with the header that bypasses governance mode
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_S3Retention.html>).
    pub(super) async fn remove_lock(&self, key: &str, version_id: &str) -> Result<(), AwsError> {
        let removed = self
            .client
            .put_object_retention()
            .bucket(&self.name)
            .key(key)
            .version_id(version_id)
            .bypass_governance_retention(true)
            .retention(ObjectLockRetention::builder().build())
            .send()
            .await;
        let action = "s3:PutObjectRetention with s3:BypassGovernanceRetention";
        removed.map_err(|error| self.error(action, key, &error))?;
        Ok(())
    }

    fn error<E>(
        &self,
        action: &'static str,
        key: &str,
        error: &aws_sdk_s3::error::SdkError<E>,
    ) -> AwsError
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        let name = format!("{}/{key}", self.name);
        AwsError::from_call(action, &name, &self.endpoint, error)
    }
}

fn parse_lock(retention: &ObjectLockRetention, version_id: &str) -> Option<Lock> {
    let until = retention.retain_until_date()?.secs();
    Some(Lock {
        version_id: version_id.to_owned(),
        // A mode that this SDK does not know counts as compliance: only governance locks can be removed.
        is_compliance: retention.mode()? != &ObjectLockRetentionMode::Governance,
        until: OffsetDateTime::from_unix_timestamp(until).ok()?,
    })
}
