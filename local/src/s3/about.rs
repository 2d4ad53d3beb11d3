//! What the one who stores an object says about it.

use std::collections::BTreeMap;

use s3s::dto::Metadata;

use super::store::About;

/// What a request says about an object, from the fields that all such requests have.
macro_rules! about {
    ($input:expr) => {
        $crate::s3::store::About {
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $crate::s3::about::content_encoding(
                $input.content_encoding.as_deref(),
            ),
            content_language: $input.content_language.clone(),
            content_type: $input.content_type.as_ref().map(ToString::to_string),
            expires: $input.expires.clone().map(Into::into),
            metadata: $crate::s3::about::metadata($input.metadata.as_ref()),
        }
    };
}

pub(crate) use about;

pub(crate) fn metadata(metadata: Option<&Metadata>) -> BTreeMap<String, String> {
    let entries = metadata.into_iter().flatten();
    entries
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect()
}

/// `aws-chunked` is how the body travelled, not what the object is.
pub(crate) fn content_encoding(encoding: Option<&str>) -> Option<String> {
    let codings: Vec<_> = encoding?
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && *coding != "aws-chunked")
        .collect();
    (!codings.is_empty()).then(|| codings.join(","))
}

/// The type that an object has when nobody says one.
pub(crate) fn content_type(about: &About) -> String {
    about
        .content_type
        .clone()
        .unwrap_or_else(|| "binary/octet-stream".to_owned())
}
