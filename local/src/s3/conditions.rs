//! Requests that count only if an object is, or is not, what the caller thinks.
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

use super::{
    error::{no_such_key, not_implemented, precondition_failed},
    store::Object,
};

/// What must be true for a write.
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
            // As on AWS: a new object can't be compared with.
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

    pub(crate) fn check(&self, current: Option<&Object>) -> S3Result<()> {
        if self.absent && current.is_some() {
            return Err(precondition_failed());
        }
        match (&self.matches, current) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(no_such_key()),
            (Some(condition), Some(object)) if is_met(condition, &object.etag) => Ok(()),
            (Some(_), Some(_)) => Err(precondition_failed()),
        }
    }
}

/// What must be true for a read.
#[derive(Debug, Default)]
pub(crate) struct ReadCondition<'a> {
    pub(crate) matches: Option<&'a ETagCondition>,
    pub(crate) none_match: Option<&'a ETagCondition>,
    pub(crate) modified_since: Option<&'a Timestamp>,
    pub(crate) unmodified_since: Option<&'a Timestamp>,
}

impl ReadCondition<'_> {
    /// RFC 9110, section 13.2.2: a tag counts more than a date.
    pub(crate) fn check(&self, object: &Object, modified: OffsetDateTime) -> S3Result<()> {
        let is_newer = |since: &Timestamp| {
            let since: OffsetDateTime = since.clone().into();
            modified.unix_timestamp() > since.unix_timestamp()
        };
        match (self.matches, self.unmodified_since) {
            (Some(condition), _) if !is_met(condition, &object.etag) => {
                return Err(precondition_failed());
            }
            (None, Some(since)) if is_newer(since) => return Err(precondition_failed()),
            _ => {}
        }
        let is_known = match (self.none_match, self.modified_since) {
            (Some(condition), _) => is_met(condition, &object.etag),
            (None, Some(since)) => !is_newer(since),
            (None, None) => false,
        };
        if is_known {
            return Err(not_modified(object, modified));
        }
        Ok(())
    }

    /// As [`ReadCondition::check`] for the source of a copy, which has no answer "not modified".
    pub(crate) fn check_source(&self, object: &Object, modified: OffsetDateTime) -> S3Result<()> {
        self.check(object, modified)
            .map_err(|_| precondition_failed())
    }
}

fn is_met(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    }
}

fn not_modified(object: &Object, modified: OffsetDateTime) -> S3Error {
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    let mut headers = HeaderMap::new();
    if let Ok(etag) = ETag::Strong(object.etag.clone()).to_http_header() {
        headers.insert(ETAG, etag);
    }
    insert_date(&mut headers, LAST_MODIFIED, modified);
    error.set_headers(headers);
    error
}

/// Adds a header in the format of HTTP's dates.
pub(crate) fn insert_date(headers: &mut HeaderMap, name: HeaderName, date: OffsetDateTime) {
    let mut text = Vec::new();
    let date = Timestamp::from(date);
    if date.format(TimestampFormat::HttpDate, &mut text).is_ok()
        && let Ok(value) = HeaderValue::from_bytes(&text)
    {
        headers.insert(name, value);
    }
}
