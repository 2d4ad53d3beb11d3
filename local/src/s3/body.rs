//! Stores and verifies request bodies.

use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;
use s3s::{S3Result, TrailingHeaders, dto::StreamingBlob, s3_error};

use super::{
    checksum::{Algorithm, Declared},
    store::data::{self, NewData},
};

/// The maximum size of an object stored in one request.
pub(crate) const MAX_SINGLE: u64 = 5 * 1024 * 1024 * 1024;

/// The body of a request, with its declared length and checksums.
pub(crate) struct Body {
    pub(crate) length: Option<u64>,
    pub(crate) md5: Option<String>,
    pub(crate) declared: Option<Declared>,
    pub(crate) bytes: Option<StreamingBlob>,
}

impl Body {
    /// Stores the bytes, if they match the declared length and checksums.
    pub(crate) async fn store(
        self,
        directory: &Path,
        trailers: Option<&TrailingHeaders>,
    ) -> S3Result<NewData> {
        if self.length.is_some_and(|length| length > MAX_SINGLE) {
            return Err(s3_error!(
                EntityTooLarge,
                "Your proposed upload exceeds the maximum allowed size"
            ));
        }
        let algorithm = match &self.declared {
            Some(declared) => declared.algorithm,
            None => Algorithm::Crc64Nvme,
        };
        let data = data::write(directory, self.bytes, algorithm).await?;
        if self
            .length
            .is_some_and(|length| length != data.segment.size)
        {
            return Err(s3_error!(
                IncompleteBody,
                "You did not provide the number of bytes specified by the Content-Length HTTP header"
            ));
        }
        if let Some(md5) = &self.md5 {
            check_md5(md5, &data.md5)?;
        }
        if let Some(declared) = &self.declared {
            let trailers = trailers.and_then(TrailingHeaders::take);
            declared.verify(&data.checksum, trailers.as_ref())?;
        }
        Ok(data)
    }
}

fn check_md5(given: &str, actual: &[u8; 16]) -> S3Result<()> {
    match BASE64_STANDARD.decode(given) {
        Ok(bytes) if bytes == actual => Ok(()),
        Ok(bytes) if bytes.len() == actual.len() => Err(s3_error!(
            BadDigest,
            "The Content-MD5 you specified did not match what we received."
        )),
        _ => Err(s3_error!(
            InvalidDigest,
            "The Content-MD5 you specified was invalid."
        )),
    }
}

/// Returns the declared length of a body.
pub(crate) fn length(content_length: Option<i64>, headers: &HeaderMap) -> S3Result<u64> {
    let decoded = headers
        .get("x-amz-decoded-content-length")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    decoded
        .or_else(|| content_length.and_then(|length| u64::try_from(length).ok()))
        .ok_or_else(|| {
            s3_error!(
                MissingContentLength,
                "You must provide the Content-Length HTTP header."
            )
        })
}
