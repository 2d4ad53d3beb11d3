use aws_sdk_s3::{
    operation::head_object::HeadObjectError, primitives::DateTime, types::ChecksumMode,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    Upload,
    upload::{Action, Contents, DesiredContents, Object},
};
use time::OffsetDateTime;

use crate::{Bucket, StorageError, error::code};

/// S3's id of the only version in a bucket without versions.
const UNVERSIONED: &str = "null";
/// How often versions are listed and deleted while others arrive.
const SETTLE_TRIES: u32 = 5;

/// What S3 holds after [`Bucket::settle`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Whether S3 has the file of the upload.
    pub has_file: bool,
    /// Bytes of versions that belonged to no file and were deleted.
    pub surplus: u64,
}

impl Bucket {
    /// The current version of an object, if there is one.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn head(&self, key: &str) -> Result<Option<Object>, StorageError> {
        let head = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(key)
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
            version_id: head.version_id.unwrap_or_else(|| UNVERSIONED.to_owned()),
            stored_at: head
                .last_modified
                .as_ref()
                .and_then(time_of)
                .ok_or_else(|| missing("last-modified"))?,
        }))
    }

    /// All versions and delete markers of an object.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn contents(&self, key: &str) -> Result<Contents, StorageError> {
        let mut contents = Contents::default();
        self.each_entry(key, |found, entry| {
            if found == key {
                entry.add_to(&mut contents);
            }
        })
        .await?;
        Ok(contents)
    }

    /// Makes S3 hold what the record of an upload requires, and nothing else. Idempotent.
    ///
    /// # Errors
    /// When S3 does not answer. A part of the work may be done.
    pub async fn settle(&self, upload: &Upload) -> Result<Settled, StorageError> {
        let Some(wanted) = upload.desired_contents() else {
            return Ok(Settled::default());
        };
        if wanted == DesiredContents::Nothing {
            self.abort_parts_of(upload).await?;
        }
        let (key, mut surplus) = (upload.key(), 0);
        for _ in 0..SETTLE_TRIES {
            let contents = self.contents(&key).await?;
            let plan = contents.plan(&wanted);
            for action in &plan.actions {
                self.act(&key, action).await?;
            }
            surplus += plan.surplus;
            if plan.is_complete {
                let has_file = wanted
                    .version()
                    .is_some_and(|version| contents.has(version));
                return Ok(Settled { has_file, surplus });
            }
        }
        Err(StorageError::Unavailable(
            "versions arrive faster than they are deleted".to_owned(),
        ))
    }

    async fn act(&self, key: &str, action: &Action) -> Result<(), StorageError> {
        match action {
            Action::Delete(id) => self.delete_version(key, id).await,
            Action::Hide => {
                let hide = self.client.delete_object().bucket(&self.name).key(key);
                hide.send().await?;
                Ok(())
            }
        }
    }

    /// Deletes a version or a delete marker for good. One that does not exist counts as deleted; S3 keeps one that is
    /// locked.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn delete_version(&self, key: &str, version_id: &str) -> Result<(), StorageError> {
        let deleted = self
            .client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .version_id(version_id)
            .send()
            .await;
        match deleted {
            // `InvalidArgument`: no version has such an id.
            Err(error) if !matches!(code(&error), Some("InvalidArgument" | "NoSuchVersion")) => {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn time_of(time: &DateTime) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(time.secs()).ok()
}

fn missing(what: &str) -> StorageError {
    StorageError::Request(format!("an answer without {what}"))
}
