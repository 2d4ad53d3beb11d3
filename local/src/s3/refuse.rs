//! Refuses request headers and form fields that the local S3 does not support.

use http::HeaderMap;
use s3s::{S3Result, dto::PostObjectInput, s3_error};
use sam_template::ACCOUNT;

use super::error::not_implemented;

/// Refuses headers whose effect the local S3 does not support.
pub(crate) fn headers(headers: &HeaderMap) -> S3Result<()> {
    for (name, value) in headers {
        let (name, value) = (name.as_str(), value.as_bytes());
        let is_refused = match name {
            "x-amz-acl" => value != b"bucket-owner-full-control",
            "x-amz-expected-bucket-owner" | "x-amz-source-expected-bucket-owner" => {
                if value != ACCOUNT.as_bytes() {
                    return Err(s3_error!(AccessDenied, "Access Denied"));
                }
                false
            }
            "x-amz-server-side-encryption" => value != b"AES256",
            "x-amz-storage-class" => value != b"STANDARD",
            "x-amz-tagging"
            | "x-amz-website-redirect-location"
            | "x-amz-write-offset-bytes"
            | "x-amz-tagging-directive"
            | "x-amz-mfa" => true,
            name => {
                name.starts_with("x-amz-grant-")
                    || name.starts_with("x-amz-server-side-encryption-")
                    || name.starts_with("x-amz-copy-source-server-side-")
            }
        };
        if is_refused {
            return Err(not_implemented(name));
        }
    }
    Ok(())
}

/// Refuses form fields whose effect the local S3 does not support.
pub(crate) fn fields(input: &PostObjectInput) -> S3Result<()> {
    let is_encrypted = |name: &str| name != "AES256";
    let is_cold = |name: &str| name != "STANDARD";
    let is_open = |name: &str| name != "bucket-owner-full-control";
    for (what, is_there) in [
        ("${filename} in a key", input.key.contains("${filename}")),
        (
            "acl",
            input.acl.as_ref().is_some_and(|acl| is_open(acl.as_str())),
        ),
        (
            "x-amz-storage-class",
            input
                .storage_class
                .as_ref()
                .is_some_and(|class| is_cold(class.as_str())),
        ),
        ("x-amz-tagging", input.tagging.is_some()),
        (
            "x-amz-website-redirect-location",
            input.website_redirect_location.is_some(),
        ),
        (
            "x-amz-server-side-encryption",
            input
                .server_side_encryption
                .as_ref()
                .is_some_and(|name| is_encrypted(name.as_str()))
                || input.sse_customer_key.is_some()
                || input.ssekms_key_id.is_some(),
        ),
    ] {
        if is_there {
            return Err(not_implemented(what));
        }
    }
    Ok(())
}
