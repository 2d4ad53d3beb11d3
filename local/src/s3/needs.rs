//! The actions that a request needs permission for, as the service authorization reference lists them.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>

use http::HeaderMap;

/// The kind of resource that an action is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Bucket,
    Object,
}

/// Returns the actions of an operation, with the query and headers of the request.
pub(crate) fn needs(
    operation: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Vec<(String, On)> {
    let has_version = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .any(|(name, _)| name == "versionId");
    let (action, on) = match (operation, has_version) {
        ("HeadBucket" | "ListObjects" | "ListObjectsV2", _) => ("ListBucket", On::Bucket),
        ("ListObjectVersions", _) => ("ListBucketVersions", On::Bucket),
        ("ListMultipartUploads", _) => ("ListBucketMultipartUploads", On::Bucket),
        ("GetObject" | "HeadObject", false) => ("GetObject", On::Object),
        ("GetObject" | "HeadObject", true) => ("GetObjectVersion", On::Object),
        ("DeleteObject", true) => ("DeleteObjectVersion", On::Object),
        (
            "CopyObject"
            | "CompleteMultipartUpload"
            | "CreateMultipartUpload"
            | "PostObject"
            | "PutObject"
            | "UploadPart"
            | "UploadPartCopy",
            _,
        ) => ("PutObject", On::Object),
        ("GetBucketCors", _) => ("GetBucketCORS", On::Bucket),
        ("GetBucketNotificationConfiguration", _) => ("GetBucketNotification", On::Bucket),
        ("GetObjectLockConfiguration", _) => ("GetBucketObjectLockConfiguration", On::Bucket),
        ("ListParts", _) => ("ListMultipartUploadParts", On::Object),
        // The actions of all other operations on objects have the name of the operation.
        (other, _) if other.contains("Object") => (other, On::Object),
        ("AbortMultipartUpload", _) => ("AbortMultipartUpload", On::Object),
        (other, _) => (other, On::Bucket),
    };
    let mut needs = vec![(format!("s3:{action}"), on)];
    let bypass = headers.get("x-amz-bypass-governance-retention");
    if bypass.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true")) {
        needs.push(("s3:BypassGovernanceRetention".to_owned(), On::Object));
    }
    for (header, action) in [
        ("x-amz-object-lock-legal-hold", "PutObjectLegalHold"),
        ("x-amz-object-lock-mode", "PutObjectRetention"),
    ] {
        if headers.contains_key(header) {
            needs.push((format!("s3:{action}"), On::Object));
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn of(operation: &str, query: &str) -> String {
        let needs = needs(operation, Some(query), &HeaderMap::new());
        assert_eq!(needs.len(), 1);
        format!("{} {:?}", needs[0].0, needs[0].1)
    }

    #[test]
    fn an_operation_requires_its_documented_action() {
        for (operation, query, expected) in [
            ("HeadBucket", "", "s3:ListBucket Bucket"),
            ("HeadObject", "", "s3:GetObject Object"),
            ("GetObject", "versionId=1", "s3:GetObjectVersion Object"),
            (
                "DeleteObject",
                "x-id=DeleteObject",
                "s3:DeleteObject Object",
            ),
            (
                "DeleteObject",
                "versionId=1",
                "s3:DeleteObjectVersion Object",
            ),
            ("UploadPart", "partNumber=1", "s3:PutObject Object"),
            ("GetBucketCors", "", "s3:GetBucketCORS Bucket"),
            (
                "GetObjectLockConfiguration",
                "",
                "s3:GetBucketObjectLockConfiguration Bucket",
            ),
            ("GetBucketVersioning", "", "s3:GetBucketVersioning Bucket"),
            ("ListParts", "", "s3:ListMultipartUploadParts Object"),
            ("PutObjectRetention", "", "s3:PutObjectRetention Object"),
            ("PutBucketPolicy", "", "s3:PutBucketPolicy Bucket"),
        ] {
            assert_eq!(of(operation, query), expected);
        }
    }

    #[test]
    fn bypassing_governance_requires_an_additional_action() {
        for (value, expected) in [("true", 2), ("false", 1)] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("x-amz-bypass-governance-retention"),
                HeaderValue::from_static(value),
            )]);
            let needs = needs("PutObjectRetention", None, &headers);
            assert_eq!(needs.len(), expected, "{needs:?}");
            assert_eq!(needs[0].0, "s3:PutObjectRetention");
        }
    }

    #[test]
    fn a_lock_requires_an_additional_action() {
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-amz-object-lock-mode"),
            HeaderValue::from_static("COMPLIANCE"),
        )]);
        let needs = needs("PutObject", None, &headers);
        assert_eq!(needs[1], ("s3:PutObjectRetention".to_owned(), On::Object));
    }
}
