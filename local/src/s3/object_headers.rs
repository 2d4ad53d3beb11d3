//! The headers and the metadata that are stored with an object.

use std::collections::BTreeMap;

use s3s::dto::Metadata;

use super::store::ObjectHeaders;

/// Collects the object headers of a request that creates an object.
macro_rules! object_headers {
    ($input:expr) => {
        $crate::s3::store::ObjectHeaders {
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $crate::s3::object_headers::content_encoding(
                $input.content_encoding.as_deref(),
            ),
            content_language: $input.content_language.clone(),
            content_type: $input.content_type.as_ref().map(ToString::to_string),
            expires: $input.expires.clone().map(Into::into),
            metadata: $crate::s3::object_headers::metadata($input.metadata.as_ref()),
        }
    };
}

pub(crate) use object_headers;

/// Converts user metadata to lower-case names.
pub(crate) fn metadata(metadata: Option<&Metadata>) -> BTreeMap<String, String> {
    let entries = metadata.into_iter().flatten();
    entries
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect()
}

/// Removes `aws-chunked`, which encodes the request and not the object.
pub(crate) fn content_encoding(encoding: Option<&str>) -> Option<String> {
    let codings: Vec<_> = encoding?
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && *coding != "aws-chunked")
        .collect();
    (!codings.is_empty()).then(|| codings.join(","))
}

/// Returns the content type, or the default.
pub(crate) fn content_type(headers: &ObjectHeaders) -> String {
    headers
        .content_type
        .clone()
        .unwrap_or_else(|| "binary/octet-stream".to_owned())
}
