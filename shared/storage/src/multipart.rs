use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use domain::{
    Upload,
    upload::{ContentType, PartNumber},
};

use crate::{Bucket, StorageError, error::code, patience::patient};

/// Names a multipart upload in S3.
#[derive(Debug, Clone, Copy)]
pub struct MultipartRef<'a> {
    /// The key of the object.
    pub key: &'a str,
    /// S3's id of the multipart upload.
    pub s3_id: &'a str,
}

/// A part that S3 has received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 1.
    pub number: u16,
    /// Its bytes.
    pub size: u64,
    /// Its `ETag`, with quotes.
    pub etag: String,
}

/// How the completion of a multipart upload ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completed {
    /// The object exists.
    Done,
    /// A part is missing, has another `ETag`, or is too small. This is S3's error code.
    Refused(String),
    /// S3 knows no such multipart upload: it was completed or aborted before.
    Unknown,
}

impl Bucket {
    /// Begins a multipart upload, and returns S3's id of it.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn begin_multipart(
        &self,
        key: &str,
        content_type: &ContentType,
    ) -> Result<String, StorageError> {
        let begun = self
            .client
            .create_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type.as_str())
            .send()
            .await?;
        begun
            .upload_id
            .ok_or_else(|| StorageError::Request("no upload id".to_owned()))
    }

    /// At most `limit` parts after number `after`, and whether there are more. `None`: S3 knows no such upload.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn parts(
        &self,
        MultipartRef { key, s3_id }: MultipartRef<'_>,
        after: u16,
        limit: usize,
    ) -> Result<Option<(Vec<Part>, bool)>, StorageError> {
        let listed = self
            .client
            .list_parts()
            .bucket(&self.name)
            .key(key)
            .upload_id(s3_id)
            .part_number_marker(after.to_string())
            .max_parts(i32::try_from(limit).unwrap_or(1000))
            .send()
            .await;
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) if code(&error) == Some("NoSuchUpload") => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let more = listed.is_truncated.unwrap_or_default();
        let parts = listed.parts.unwrap_or_default().into_iter();
        let part = |part: aws_sdk_s3::types::Part| {
            Some(Part {
                number: part.part_number?.try_into().ok()?,
                size: part.size?.try_into().ok()?,
                etag: part.e_tag?,
            })
        };
        Ok(Some((parts.filter_map(part).collect(), more)))
    }

    /// All parts that S3 has received.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn all_parts(
        &self,
        upload: MultipartRef<'_>,
    ) -> Result<Option<Vec<Part>>, StorageError> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(0, |part: &Part| part.number);
            let Some((page, more)) = self.parts(upload, after, 1000).await? else {
                return Ok(None);
            };
            let end = page.is_empty();
            all.extend(page);
            if !more || end {
                return Ok(Some(all));
            }
        }
    }

    /// Puts the parts together.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn complete_multipart(
        &self,
        MultipartRef { key, s3_id }: MultipartRef<'_>,
        parts: &[(PartNumber, String)],
    ) -> Result<Completed, StorageError> {
        let part = |(number, etag): &(PartNumber, String)| {
            CompletedPart::builder()
                .part_number(number.get().into())
                .e_tag(etag)
                .build()
        };
        let list = CompletedMultipartUpload::builder()
            .set_parts(Some(parts.iter().map(part).collect()))
            .build();
        let completed = self
            .client
            .complete_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .upload_id(s3_id)
            .multipart_upload(list)
            // Nothing else is put under the key of a multipart upload.
            .if_none_match("*")
            .customize()
            .config_override(patient())
            .send()
            .await;
        match completed {
            Ok(_) => Ok(Completed::Done),
            Err(error) => match code(&error) {
                // `PreconditionFailed`: the object exists already.
                Some("NoSuchUpload" | "PreconditionFailed") => Ok(Completed::Unknown),
                Some(word @ ("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall")) => {
                    Ok(Completed::Refused(word.to_owned()))
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Aborts a multipart upload. Idempotent: one that does not exist counts as aborted.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn abort_multipart(
        &self,
        MultipartRef { key, s3_id }: MultipartRef<'_>,
    ) -> Result<(), StorageError> {
        let aborted = self
            .client
            .abort_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .upload_id(s3_id)
            .send()
            .await;
        match aborted {
            Err(error) if code(&error) != Some("NoSuchUpload") => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Aborts the multipart upload of an upload, if it has one.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn abort_parts_of(&self, upload: &Upload) -> Result<(), StorageError> {
        match upload.multipart_id() {
            Some(s3_id) => {
                let key = &upload.key();
                self.abort_multipart(MultipartRef { key, s3_id }).await
            }
            None => Ok(()),
        }
    }
}
