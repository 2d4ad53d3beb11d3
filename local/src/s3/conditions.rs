//! Conditional requests: reads and writes that depend on the current object.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ETAG, LAST_MODIFIED},
};
use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{ETag, ETagCondition, Timestamp, TimestampFormat},
};
use time::OffsetDateTime;

use super::error::{no_such_key, not_implemented, precondition_failed};

/// The condition of a write.
#[derive(Debug, Default)]
pub(crate) struct WriteCondition {
    absent: bool,
    matches: Option<ETagCondition>,
}

impl WriteCondition {
    pub(crate) fn new(
        if_none_match: Option<&ETagCondition>,
        if_match: Option<&ETagCondition>,
    ) -> S3Result<Self> {
        let absent = match if_none_match {
            None => false,
            Some(ETagCondition::Any) => true,
            // AWS does not support this either.
            Some(ETagCondition::ETag(_)) => {
                return Err(not_implemented(
                    "If-None-Match with anything but * on a write",
                ));
            }
        };
        Ok(Self {
            absent,
            matches: if_match.cloned(),
        })
    }

    /// Checks the condition against the `ETag` of the current object, if there is one.
    pub(crate) fn check(&self, current: Option<&str>) -> S3Result<()> {
        if self.absent && current.is_some() {
            return Err(precondition_failed());
        }
        match (&self.matches, current) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(no_such_key()),
            (Some(condition), Some(etag)) if is_met(condition, etag) => Ok(()),
            (Some(_), Some(_)) => Err(precondition_failed()),
        }
    }
}

/// The conditions of a read.
#[derive(Debug, Default)]
pub(crate) struct ReadCondition<'a> {
    pub(crate) matches: Option<&'a ETagCondition>,
    pub(crate) none_match: Option<&'a ETagCondition>,
    pub(crate) modified_since: Option<&'a Timestamp>,
    pub(crate) unmodified_since: Option<&'a Timestamp>,
}

impl ReadCondition<'_> {
    /// Checks the conditions against an object. An `ETag` takes precedence over a date (RFC 9110, section 13.2.2).
    pub(crate) fn check(&self, etag: &str, modified: OffsetDateTime) -> S3Result<()> {
        let is_newer = |since: &Timestamp| {
            let since: OffsetDateTime = since.clone().into();
            modified.unix_timestamp() > since.unix_timestamp()
        };
        match (self.matches, self.unmodified_since) {
            (Some(condition), _) if !is_met(condition, etag) => {
                return Err(precondition_failed());
            }
            (None, Some(since)) if is_newer(since) => return Err(precondition_failed()),
            _ => {}
        }
        let is_unchanged = match (self.none_match, self.modified_since) {
            (Some(condition), _) => is_met(condition, etag),
            (None, Some(since)) => !is_newer(since),
            (None, None) => false,
        };
        if is_unchanged {
            return Err(not_modified(etag, modified));
        }
        Ok(())
    }

    /// Checks the conditions of a copy's source, for which there is no "not modified" response.
    pub(crate) fn check_source(&self, etag: &str, modified: OffsetDateTime) -> S3Result<()> {
        self.check(etag, modified)
            .map_err(|_| precondition_failed())
    }
}

fn is_met(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    }
}

fn not_modified(etag: &str, modified: OffsetDateTime) -> S3Error {
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    let mut headers = HeaderMap::new();
    if let Ok(etag) = ETag::Strong(etag.to_owned()).to_http_header() {
        headers.insert(ETAG, etag);
    }
    insert_date(&mut headers, LAST_MODIFIED, modified);
    error.set_headers(headers);
    error
}

/// Adds a header with a date in HTTP format.
pub(crate) fn insert_date(headers: &mut HeaderMap, name: HeaderName, date: OffsetDateTime) {
    let mut text = Vec::new();
    let date = Timestamp::from(date);
    if date.format(TimestampFormat::HttpDate, &mut text).is_ok()
        && let Ok(value) = HeaderValue::from_bytes(&text)
    {
        headers.insert(name, value);
    }
}
