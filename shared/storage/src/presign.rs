use std::time::SystemTime;

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    Upload,
    upload::{Filename, PartNumber, Sha256, URL_LIFETIME},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use time::{Duration, OffsetDateTime};

use crate::{Bucket, MultipartRef, StorageError};

/// All but what RFC 8187, section 3.2.1, lets stand as it is.
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A signed request, which a browser without AWS credentials can send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presigned {
    /// The URL.
    pub url: String,
    /// The signed headers, which have to be sent unchanged. A browser sets `host` and `content-length` itself, and lets no
    /// script set them.
    pub headers: Vec<(String, String)>,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

impl Bucket {
    /// Signs the PUT of a whole file: its length, its type, its digest if it is known, and that there is no object yet.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn put_url(
        &self,
        upload: &Upload,
        now: OffsetDateTime,
    ) -> Result<Presigned, StorageError> {
        let digest = upload.sha256.as_ref().map(base64);
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(upload.key())
            .content_length(length(upload.size.bytes())?)
            .content_type(upload.content_type.as_str())
            .set_checksum_sha256(digest)
            .if_none_match("*")
            .presigned(config(URL_LIFETIME, now)?)
            .await?;
        Ok(presigned(&request, URL_LIFETIME, now))
    }

    /// Signs the PUT of one part, with its length.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn part_url(
        &self,
        MultipartRef { key, s3_id }: MultipartRef<'_>,
        number: PartNumber,
        size: Option<u64>,
        now: OffsetDateTime,
    ) -> Result<Presigned, StorageError> {
        let request = self
            .client
            .upload_part()
            .bucket(&self.name)
            .key(key)
            .upload_id(s3_id)
            .part_number(number.get().into())
            .set_content_length(size.map(length).transpose()?)
            .presigned(config(URL_LIFETIME, now)?)
            .await?;
        Ok(presigned(&request, URL_LIFETIME, now))
    }

    /// Signs the GET of a file, which is saved under its file name; of the locked version while there is one, even under a
    /// delete marker. It is never displayed inline: a page in it would run with the origin of the bucket.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn download_url(
        &self,
        upload: &Upload,
        lifetime: Duration,
        now: OffsetDateTime,
    ) -> Result<Presigned, StorageError> {
        let file = upload.state.file().filter(|_| upload.is_locked(now));
        let locked = file.map(|file| file.version_id.clone());
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(upload.key())
            .set_version_id(locked)
            .response_content_disposition(content_disposition(&upload.filename))
            .presigned(config(lifetime, now)?)
            .await?;
        Ok(presigned(&request, lifetime, now))
    }

    /// Signs the GET of an upload's thumbnail, if one was announced. The type is that of the announcement, which is an image.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn thumbnail_url(
        &self,
        upload: &Upload,
        now: OffsetDateTime,
    ) -> Result<Option<Presigned>, StorageError> {
        let (Some(id), Some(kind)) = (upload.thumbnail_id(), upload.thumbnail) else {
            return Ok(None);
        };
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(Upload::key_of(upload.owner, id))
            .response_content_type(kind.as_str())
            .response_content_disposition("attachment")
            .presigned(config(URL_LIFETIME, now)?)
            .await?;
        Ok(Some(presigned(&request, URL_LIFETIME, now)))
    }
}

pub(crate) fn base64(digest: &Sha256) -> String {
    STANDARD.encode(digest.as_bytes())
}

pub(crate) fn length(bytes: u64) -> Result<i64, StorageError> {
    i64::try_from(bytes).map_err(|error| StorageError::Request(error.to_string()))
}

fn config(lifetime: Duration, now: OffsetDateTime) -> Result<PresigningConfig, StorageError> {
    PresigningConfig::builder()
        .start_time(SystemTime::from(now))
        .expires_in(lifetime.unsigned_abs())
        .build()
        .map_err(|error| StorageError::Request(error.to_string()))
}

fn presigned(request: &PresignedRequest, lifetime: Duration, now: OffsetDateTime) -> Presigned {
    let url = request.uri();
    let signed = signed_headers(url);
    // The SDK adds others for its own purposes, which a browser would have to ask the bucket's CORS rules for.
    let headers = request.headers().filter(|(name, _)| signed.contains(name));
    Presigned {
        url: url.to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        expires_at: now + lifetime,
    }
}

/// The names in `X-Amz-SignedHeaders`: lower-case, between semicolons.
fn signed_headers(url: &str) -> Vec<&str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .find_map(|parameter| parameter.strip_prefix("X-Amz-SignedHeaders="))
        .map(|names| names.split("%3B").collect())
        .unwrap_or_default()
}

/// RFC 6266, section 5: a plain name for old programs, and the real one (RFC 8187) for all others.
fn content_disposition(filename: &Filename) -> String {
    let name = filename.as_str();
    let plain: String = name
        .chars()
        .map(|c| {
            if (' '..='~').contains(&c) && !"\"\\%".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded = utf8_percent_encode(name, EXTENDED);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_headers_are_in_the_url() {
        let url =
            "https://b.example/k?X-Amz-Date=1&X-Amz-SignedHeaders=content-length%3Bhost&x-id=P";
        assert_eq!(signed_headers(url), ["content-length", "host"]);
        assert!(signed_headers("https://b.example/k").is_empty());
    }

    #[test]
    fn a_filename_cannot_break_out_of_its_header() {
        let header = |name| content_disposition(&Filename::parse(name).unwrap());
        assert_eq!(
            header("a b.png"),
            "attachment; filename=\"a b.png\"; filename*=UTF-8''a%20b.png"
        );
        assert_eq!(
            header("\"; filename=x.exe"),
            "attachment; filename=\"_; filename=x.exe\"; filename*=UTF-8''%22%3B%20filename%3Dx.exe"
        );
        assert_eq!(
            header("Ü.pdf"),
            "attachment; filename=\"_.pdf\"; filename*=UTF-8''%C3%9C.pdf"
        );
    }
}
