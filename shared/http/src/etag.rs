use axum::extract::FromRequestParts;
use http::{HeaderValue, header, request::Parts};

use crate::Problem;

/// Returns the strong `ETag` of a version (RFC 9110, section 8.8.3).
#[must_use]
pub fn etag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The versions that a change applies to, from `If-Match` (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Any version: the header is absent, or `*`.
    Any,
    /// One of these versions. Weak and unknown tags match nothing, so the list may be empty.
    OneOf(Vec<u64>),
}

impl IfMatch {
    fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut versions = Vec::new();
        let mut sent = false;
        for tag in values.flat_map(|value| value.split(',')).map(str::trim) {
            if tag == "*" {
                return Self::Any;
            }
            sent = true;
            versions.extend(version(tag));
        }
        if sent {
            Self::OneOf(versions)
        } else {
            Self::Any
        }
    }
}

/// The representations that the client has, from `If-None-Match` (RFC 9110, section 13.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfNoneMatch(Vec<String>);

impl IfNoneMatch {
    /// Whether the client has the representation with this tag. Tags compare weakly: a cache may have weakened one.
    #[must_use]
    pub fn has(&self, tag: &HeaderValue) -> bool {
        let strong = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
        let tag = tag.to_str().map(strong).unwrap_or_default();
        self.0.iter().any(|sent| sent == "*" || strong(sent) == tag)
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let values = parts.headers.get_all(header::IF_NONE_MATCH).iter();
        let tags = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|tag| tag.trim().to_owned());
        Ok(Self(tags.collect()))
    }
}

fn version(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let version = digits.parse().ok()?;
    (etag(version) == tag).then_some(version)
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let values = parts.headers.get_all(header::IF_MATCH).iter();
        Ok(Self::parse(
            values.map(|value| value.to_str().unwrap_or("not ASCII")),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_compare_strongly() {
        for (sent, expected) in [
            (vec![], IfMatch::Any),
            (vec!["*"], IfMatch::Any),
            (vec!["\"3\""], IfMatch::OneOf(vec![3])),
            (vec!["\"3\", \"4\"", "\"5\""], IfMatch::OneOf(vec![3, 4, 5])),
            (vec!["W/\"3\""], IfMatch::OneOf(vec![])),
            (vec!["\"03\""], IfMatch::OneOf(vec![])),
            (vec!["3"], IfMatch::OneOf(vec![])),
            (vec![""], IfMatch::OneOf(vec![])),
        ] {
            assert_eq!(
                IfMatch::parse(sent.clone().into_iter()),
                expected,
                "{sent:?}"
            );
        }
    }
}
