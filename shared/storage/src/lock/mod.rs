use std::{str::FromStr, time::SystemTime};

use aws_sdk_s3::{
    primitives::DateTime,
    types::{ObjectLockRetention, ObjectLockRetentionMode},
};
use settings::aws::explain;
use time::OffsetDateTime;

use crate::{Bucket, StorageError, error::code, object::time_of};

/// Who can lift a lock before it ends
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// An operator with the permission `s3:BypassGovernanceRetention`.
    Governance,
    /// No user of the AWS account, the root user included.
    Compliance,
}

/// How S3 protects one version of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Who can lift it.
    pub mode: LockMode,
    /// When it ends.
    pub until: OffsetDateTime,
}

/// Names a version of an object.
#[derive(Debug, Clone, Copy)]
pub struct VersionRef<'a> {
    /// The key of the object.
    pub key: &'a str,
    /// S3's id of the version; `None` for the current one.
    pub version_id: Option<&'a str>,
}

/// The result of locking a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockOutcome {
    /// S3 protects the version until the requested time.
    Locked,
    /// S3 protects it by a lock that this one cannot replace: a longer one, or one in compliance mode.
    AlreadyLocked(Retention),
}

impl FromStr for LockMode {
    type Err = ();

    /// Parses the value of the template's parameter `LockMode`.
    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "governance" => Ok(Self::Governance),
            "compliance" => Ok(Self::Compliance),
            _ => Err(()),
        }
    }
}

impl From<LockMode> for ObjectLockRetentionMode {
    fn from(mode: LockMode) -> Self {
        match mode {
            LockMode::Governance => Self::Governance,
            LockMode::Compliance => Self::Compliance,
        }
    }
}

impl Retention {
    /// Whether S3 lets a caller without `s3:BypassGovernanceRetention` replace it by `wanted`.
    fn can_be_replaced_by(self, wanted: Self) -> bool {
        let keeps_its_mode = self.mode == wanted.mode || wanted.mode == LockMode::Compliance;
        keeps_its_mode && self.until <= wanted.until
    }
}

impl Bucket {
    /// Locks a version of an object with S3 Object Lock.
    ///
    /// S3 answers `AccessDenied` both to a caller without the permission and for a lock that is in the way, so after
    /// that this reads the lock that S3 has.
    ///
    /// # Errors
    /// When S3 does not answer, or denies the request although no lock is in the way: then the role or the policy of
    /// the access point lacks a permission.
    pub async fn lock(
        &self,
        version: VersionRef<'_>,
        wanted: Retention,
    ) -> Result<LockOutcome, StorageError> {
        let retention = ObjectLockRetention::builder()
            .mode(wanted.mode.into())
            .retain_until_date(DateTime::from(SystemTime::from(wanted.until)))
            .build();
        let locked = self
            .client
            .put_object_retention()
            .bucket(&self.name)
            .key(version.key)
            .set_version_id(version.version_id.map(str::to_owned))
            .retention(retention)
            .send()
            .await;
        let denial = match locked {
            Ok(_) => return Ok(LockOutcome::Locked),
            Err(error) if code(&error) == Some("AccessDenied") => explain(&error),
            Err(error) => return Err(error.into()),
        };
        let unexplained = |why: &str| {
            let text =
                format!("S3 denies PutObjectRetention, and no lock explains it: {denial}; {why}");
            StorageError::Unavailable(text)
        };
        match self.retention(version).await {
            Ok(Some(held)) if !held.can_be_replaced_by(wanted) => {
                Ok(LockOutcome::AlreadyLocked(held))
            }
            Ok(Some(held)) => Err(unexplained(&format!("it is locked until {}", held.until))),
            Ok(None) => Err(unexplained("it is not locked")),
            Err(error) => Err(unexplained(&error.to_string())),
        }
    }

    /// The retention of a version, if it has one; it may be over.
    ///
    /// # Errors
    /// When S3 does not answer, or denies the request.
    async fn retention(&self, version: VersionRef<'_>) -> Result<Option<Retention>, StorageError> {
        let found = self
            .client
            .get_object_retention()
            .bucket(&self.name)
            .key(version.key)
            .set_version_id(version.version_id.map(str::to_owned))
            .send()
            .await;
        let found = match found {
            Ok(found) => found.retention,
            Err(error) if code(&error) == Some("NoSuchObjectLockConfiguration") => None,
            Err(error) => return Err(error.into()),
        };
        Ok(found.as_ref().and_then(read))
    }
}

fn read(retention: &ObjectLockRetention) -> Option<Retention> {
    let mode = match retention.mode()? {
        ObjectLockRetentionMode::Governance => LockMode::Governance,
        // A mode that this SDK does not know is no weaker than the strictest that it does.
        _ => LockMode::Compliance,
    };
    let until = time_of(retention.retain_until_date()?)?;
    Some(Retention { mode, until })
}

#[cfg(test)]
mod tests;
