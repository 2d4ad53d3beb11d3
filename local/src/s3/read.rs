//! `GetObject` and `HeadObject`.

use std::{ops::Range, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header::LAST_MODIFIED};
use s3s::{
    S3Error, S3Request, S3Response, S3Result,
    dto::{
        self, ChecksumMode, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput,
        HeadObjectOutput, ObjectLockMode, Timestamp,
    },
    s3_error,
};

use super::{
    Service, checksum,
    conditions::{ReadCondition, insert_date},
    error::{no_such_key, no_such_version, not_implemented},
    lock::hold_status,
    object_headers::content_type,
    store::{Object, Version, data},
    targets::Target,
    write::version_id,
};

/// Collects the fields that `GetObject` and `HeadObject` requests have in common.
macro_rules! query {
    ($input:expr) => {
        Query {
            key: &$input.key,
            version_id: $input.version_id.as_deref(),
            range: $input.range.as_ref(),
            part_number: $input.part_number,
            condition: ReadCondition {
                matches: $input.if_match.as_ref(),
                none_match: $input.if_none_match.as_ref(),
                modified_since: $input.if_modified_since.as_ref(),
                unmodified_since: $input.if_unmodified_since.as_ref(),
            },
        }
    };
}

/// Sets the fields that `GetObject` and `HeadObject` responses have in common. The request's `response_*` fields
/// replace some.
macro_rules! set_fields {
    ($output:expr, $input:expr, $found:expr) => {{
        let (found, input) = (&$found, &$input);
        let object = found.object()?;
        let headers = &object.headers;
        let or = |requested: &Option<String>, own: &Option<String>| {
            requested.clone().or_else(|| own.clone())
        };
        $output.accept_ranges = Some("bytes".to_owned());
        $output.cache_control = or(&input.response_cache_control, &headers.cache_control);
        $output.content_disposition = or(
            &input.response_content_disposition,
            &headers.content_disposition,
        );
        $output.content_encoding = or(&input.response_content_encoding, &headers.content_encoding);
        $output.content_language = or(&input.response_content_language, &headers.content_language);
        $output.content_length = i64::try_from(found.range.end - found.range.start).ok();
        $output.content_range = found.content_range();
        let own_type = input
            .response_content_type
            .as_ref()
            .map(ToString::to_string);
        $output.content_type = own_type
            .unwrap_or_else(|| content_type(headers))
            .parse()
            .ok();
        $output.e_tag = Some(ETag::Strong(object.etag.clone()));
        $output.expires = input
            .response_expires
            .clone()
            .or_else(|| headers.expires.map(Timestamp::from));
        $output.last_modified = Some(Timestamp::from(found.version.modified));
        let metadata = headers.metadata.clone().into_iter();
        $output.metadata = (!headers.metadata.is_empty()).then(|| metadata.collect());
        $output.object_lock_legal_hold_status =
            object.legal_hold.then(|| hold_status(object.legal_hold));
        if let Some(retention) = &object.retention {
            $output.object_lock_mode = Some(ObjectLockMode::from_static(retention.mode.name()));
            $output.object_lock_retain_until_date = Some(Timestamp::from(retention.until));
        }
        $output.version_id = version_id(&found.version);
        let mode = input.checksum_mode.as_ref();
        let is_requested = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        // The checksum of the object does not apply to a range.
        if is_requested && !found.is_partial {
            checksum::set_checksum!($output, &object.checksum);
            $output.checksum_type = object
                .checksum
                .as_ref()
                .and_then(|sum| sum.fields().checksum_type);
        }
    }};
}

struct Query<'a> {
    key: &'a str,
    version_id: Option<&'a str>,
    range: Option<&'a dto::Range>,
    part_number: Option<i32>,
    condition: ReadCondition<'a>,
}

struct Found {
    version: Arc<Version>,
    range: Range<u64>,
    is_partial: bool,
}

impl Found {
    fn object(&self) -> S3Result<&Object> {
        self.version.object.as_ref().ok_or_else(no_such_key)
    }

    fn content_range(&self) -> Option<String> {
        let size = self.version.object.as_ref()?.size;
        let Range { start, end } = self.range;
        self.is_partial
            .then(|| format!("bytes {start}-{}/{size}", end - 1))
    }
}

impl Service {
    pub(crate) fn get(
        &self,
        request: &S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let target = self.gate.targets.get(&request.input.bucket)?;
        let found = self.find(request, target, &query!(request.input))?;
        let segments = &found.object()?.segments;
        let body = data::read(target.store.data(), segments, found.range.clone());
        let mut output = GetObjectOutput {
            body: Some(body),
            ..GetObjectOutput::default()
        };
        set_fields!(output, request.input, found);
        Ok(S3Response::new(output))
    }

    pub(crate) fn head(
        &self,
        request: &S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let target = self.gate.targets.get(&request.input.bucket)?;
        let found = self.find(request, target, &query!(request.input))?;
        let mut output = HeadObjectOutput::default();
        set_fields!(output, request.input, found);
        let status = if found.is_partial {
            http::StatusCode::PARTIAL_CONTENT
        } else {
            http::StatusCode::OK
        };
        Ok(S3Response::with_status(output, status))
    }

    fn find<T>(
        &self,
        request: &S3Request<T>,
        target: &Target,
        query: &Query<'_>,
    ) -> S3Result<Found> {
        if query.part_number.is_some() {
            return Err(not_implemented("Reading one part"));
        }
        let Some(version) = target.store.version(query.key, query.version_id) else {
            let error = match query.version_id {
                Some(_) => no_such_version(),
                None => no_such_key(),
            };
            return Err(self.gate.missing(request, target, error));
        };
        let Some(object) = &version.object else {
            let error = deleted(&version, query.version_id.is_some());
            return Err(self.gate.missing(request, target, error));
        };
        query.condition.check(&object.etag, version.modified)?;
        let range = match query.range {
            None => 0..object.size,
            Some(range) => range
                .check(object.size)
                .map_err(|_| s3_error!(InvalidRange, "The requested range is not satisfiable"))?,
        };
        Ok(Found {
            range,
            is_partial: query.range.is_some(),
            version,
        })
    }
}

/// Builds the error for a delete marker: 404, or 405 if the request names its version.
fn deleted(marker: &Version, is_named: bool) -> S3Error {
    let mut headers = HeaderMap::new();
    headers.insert(
        HeaderName::from_static("x-amz-delete-marker"),
        HeaderValue::from_static("true"),
    );
    if let Ok(id) = HeaderValue::from_str(&marker.id) {
        headers.insert(HeaderName::from_static("x-amz-version-id"), id);
    }
    let mut error = if is_named {
        insert_date(&mut headers, LAST_MODIFIED, marker.modified);
        s3_error!(
            MethodNotAllowed,
            "The specified method is not allowed against this resource."
        )
    } else {
        no_such_key()
    };
    error.set_headers(headers);
    error
}
