//! The configuration of a bucket, as the template sets it. It can be read, not changed.

use s3s::{
    S3Result,
    dto::{
        BucketVersioningStatus, CORSRule, EventBridgeConfiguration, GetBucketCorsOutput,
        GetBucketNotificationConfigurationOutput, GetBucketVersioningOutput,
        GetObjectLockConfigurationOutput, ObjectLockConfiguration, ObjectLockEnabled,
    },
    s3_error,
};
use sam_template::CorsRule;

use super::Service;

impl Service {
    pub(crate) fn cors_configuration(&self, bucket: &str) -> S3Result<GetBucketCorsOutput> {
        let rules = &self.gate.targets.get(bucket)?.store.config.cors;
        if rules.is_empty() {
            return Err(s3_error!(
                NoSuchCORSConfiguration,
                "The CORS configuration does not exist"
            ));
        }
        Ok(GetBucketCorsOutput {
            cors_rules: Some(rules.iter().map(rule).collect()),
        })
    }

    pub(crate) fn versioning(&self, bucket: &str) -> S3Result<GetBucketVersioningOutput> {
        let is_versioned = self.gate.targets.get(bucket)?.store.config.versioned;
        let enabled = BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED);
        // A bucket that never had versions has no status.
        Ok(GetBucketVersioningOutput {
            status: is_versioned.then_some(enabled),
            ..GetBucketVersioningOutput::default()
        })
    }

    pub(crate) fn notifications(
        &self,
        bucket: &str,
    ) -> S3Result<GetBucketNotificationConfigurationOutput> {
        let sends_events = self.gate.targets.get(bucket)?.store.config.events;
        let to_event_bridge = sends_events.then(EventBridgeConfiguration::default);
        Ok(GetBucketNotificationConfigurationOutput {
            event_bridge_configuration: to_event_bridge,
            ..GetBucketNotificationConfigurationOutput::default()
        })
    }

    pub(crate) fn lock_configuration(
        &self,
        bucket: &str,
    ) -> S3Result<GetObjectLockConfigurationOutput> {
        if !self.gate.targets.get(bucket)?.store.config.object_lock {
            return Err(s3_error!(
                ObjectLockConfigurationNotFoundError,
                "Object Lock configuration does not exist for this bucket"
            ));
        }
        let enabled = ObjectLockEnabled::from_static(ObjectLockEnabled::ENABLED);
        Ok(GetObjectLockConfigurationOutput {
            object_lock_configuration: Some(ObjectLockConfiguration {
                object_lock_enabled: Some(enabled),
                rule: None,
            }),
        })
    }
}

fn rule(rule: &CorsRule) -> CORSRule {
    CORSRule {
        allowed_headers: Some(rule.allowed_headers.clone()),
        allowed_methods: rule.allowed_methods.clone(),
        allowed_origins: rule.allowed_origins.clone(),
        expose_headers: Some(rule.exposed_headers.clone()),
        id: None,
        max_age_seconds: rule.max_age.and_then(|seconds| i32::try_from(seconds).ok()),
    }
}
