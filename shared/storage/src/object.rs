use aws_sdk_s3::{
    config::http::HttpResponse,
    error::SdkError,
    operation::head_object::HeadObjectError,
    primitives::DateTime,
    types::{ChecksumMode, MetadataDirective},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use time::OffsetDateTime;

use crate::{Bucket, StorageError, error::code, patience::patient};

/// The current version of an object, as S3 tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub size: u64,
    /// The SHA-256 that S3 made of all of it.
    pub sha256: Option<[u8; 32]>,
    /// S3's name of the version.
    pub version_id: Option<String>,
    /// When S3 had all of it.
    pub stored_at: OffsetDateTime,
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// S3's name of it.
    pub id: String,
    /// Its bytes.
    pub size: u64,
    /// When it was made.
    pub stored_at: OffsetDateTime,
    /// Whether it is what a download gets.
    pub is_current: bool,
}

impl Bucket {
    /// The current version of an object, if there is one.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn head(&self, key: &str) -> Result<Option<Object>, StorageError> {
        self.look_at(key, None).await
    }

    /// A version of an object, if there is one of this name.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn version(
        &self,
        key: &str,
        version_id: &str,
    ) -> Result<Option<Object>, StorageError> {
        self.look_at(key, Some(version_id)).await
    }

    async fn look_at(
        &self,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Option<Object>, StorageError> {
        let head = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(key)
            .set_version_id(version_id.map(str::to_owned))
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        let head = match head {
            Ok(head) => head,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(HeadObjectError::is_not_found) =>
            {
                return Ok(None);
            }
            // No name of a version at all, or that of the mark of a deletion. An answer to HEAD has no word for it.
            Err(error) if version_id.is_some() && matches!(status(&error), Some(400 | 405)) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let size = head
            .content_length
            .and_then(|length| u64::try_from(length).ok());
        Ok(Some(Object {
            size: size.ok_or_else(|| missing("content-length"))?,
            sha256: head
                .checksum_sha256
                .and_then(|text| STANDARD.decode(text).ok()?.try_into().ok()),
            version_id: head.version_id,
            stored_at: head
                .last_modified
                .as_ref()
                .and_then(time_of)
                .ok_or_else(|| missing("last-modified"))?,
        }))
    }

    /// Hides an object; its versions stay until the bucket's lifecycle ends them.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .send()
            .await?;
        Ok(())
    }

    /// Deletes one version for good. S3 keeps it if it is locked.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn forget(&self, key: &str, version_id: &str) -> Result<(), StorageError> {
        self.client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .version_id(version_id)
            .send()
            .await?;
        Ok(())
    }

    /// At most `limit` versions of an object, newest first, without the marks that deletions leave.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn versions(&self, key: &str, limit: usize) -> Result<Vec<Version>, StorageError> {
        let version = |version: aws_sdk_s3::types::ObjectVersion| {
            (version.key.as_deref() == Some(key)).then_some(())?;
            Some(Version {
                id: version.version_id?,
                size: version.size?.try_into().ok()?,
                stored_at: time_of(&version.last_modified?)?,
                is_current: version.is_latest.unwrap_or_default(),
            })
        };
        let (mut versions, mut after) = (Vec::new(), (None, None));
        while versions.len() < limit {
            let (key_marker, version_marker) = after;
            let listed = self
                .client
                .list_object_versions()
                .bucket(&self.name)
                .prefix(key)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                // It gives 1,000 at most.
                .max_keys(i32::try_from(limit - versions.len()).unwrap_or(1000))
                .send()
                .await?;
            let found = listed.versions.unwrap_or_default().into_iter();
            versions.extend(found.filter_map(version));
            if !listed.is_truncated.unwrap_or_default() {
                break;
            }
            after = (listed.next_key_marker, listed.next_version_id_marker);
        }
        Ok(versions)
    }

    /// Makes an earlier version the current one, by a copy. `false`: there is no such version.
    ///
    /// # Errors
    /// When S3 does not answer, or the version has more than 5 GiB, which S3 does not copy at once.
    pub async fn restore(&self, key: &str, version_id: &str) -> Result<bool, StorageError> {
        let copied = self
            .client
            .copy_object()
            .bucket(&self.name)
            .key(key)
            // Ids and UUIDs: nothing in them needs an escape.
            .copy_source(format!("{}/{key}?versionId={version_id}", self.name))
            .metadata_directive(MetadataDirective::Copy)
            .customize()
            .config_override(patient())
            .send()
            .await;
        match copied {
            Ok(_) => Ok(true),
            Err(error) => match code(&error) {
                Some("NoSuchVersion" | "NoSuchKey" | "InvalidArgument") => Ok(false),
                _ => Err(error.into()),
            },
        }
    }
}

/// The status of the answer.
fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    let answer = error.raw_response()?;
    Some(answer.status().as_u16())
}

pub(crate) fn time_of(time: &DateTime) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(time.secs()).ok()
}

fn missing(what: &str) -> StorageError {
    StorageError::Request(format!("an answer without {what}"))
}
