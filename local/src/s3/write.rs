//! `PutObject`, POST forms and `DeleteObject`.

use http::{
    HeaderName,
    header::{ETAG, LOCATION},
};
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{DeleteObjectInput, DeleteObjectOutput, ETag, PutObjectInput, PutObjectOutput},
    s3_error,
};

use super::{
    Service,
    body::{Body, length},
    checksum,
    conditions::WriteCondition,
    error::{no_such_key, not_implemented},
    events::{Reason, Redirects, Source},
    lock,
    object_headers::object_headers,
    store::{NULL_VERSION, Object, Version, data},
};

impl Service {
    pub(crate) async fn put(
        &self,
        request: S3Request<PutObjectInput>,
        reason: Reason,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let source = Source::of(&request);
        let redirects = request.extensions.get::<Redirects>().is_some();
        let mut input = request.input;
        let store = &self.gate.targets.get(&input.bucket)?.store;
        check_key(&input.key)?;
        let lock = lock::initial(
            store,
            input.object_lock_mode.as_ref(),
            input.object_lock_retain_until_date.as_ref(),
            input.object_lock_legal_hold_status.as_ref(),
        )?;
        let condition = WriteCondition::new(input.if_none_match.as_ref(), input.if_match.as_ref())?;
        let body = Body {
            length: match reason {
                // The content length is that of the whole form.
                Reason::Post => None,
                _ => Some(length(input.content_length, &request.headers)?),
            },
            md5: input.content_md5.take(),
            declared: checksum::declared(
                checksum::given!(input),
                input.checksum_algorithm.as_ref(),
                &request.headers,
            )?,
            bytes: input.body.take(),
        };
        let is_held = lock.retention.is_some() || lock.legal_hold;
        if is_held && reason == Reason::Put && body.md5.is_none() && body.declared.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock \
                 parameters"
            ));
        }
        let data = body
            .store(store.data(), request.trailing_headers.as_ref())
            .await?;
        let object = Object {
            size: data.segment.size,
            etag: data::etag(&data.md5),
            segments: vec![data.segment.clone()],
            checksum: Some(data.checksum.clone()),
            headers: object_headers!(input),
            parts: None,
            retention: lock.retention,
            legal_hold: lock.legal_hold,
        };
        let version = store.insert(&input.key, object, vec![data], &condition)?;
        self.created(store, &version, &source, reason);
        let object = version.object.as_ref().ok_or_else(no_such_key)?;
        let mut output = PutObjectOutput {
            e_tag: Some(ETag::Strong(object.etag.clone())),
            version_id: version_id(&version),
            ..PutObjectOutput::default()
        };
        checksum::set_checksum!(output, &object.checksum);
        output.checksum_type = object
            .checksum
            .as_ref()
            .and_then(|sum| sum.fields().checksum_type);
        let mut response = S3Response::new(output);
        if reason == Reason::Post {
            // s3s does not set these headers for forms.
            let location = (!redirects).then(|| self.location(&input.bucket, &input.key));
            let etag = Some(format!("\"{}\"", object.etag));
            let id = version_id(&version);
            let id_header = HeaderName::from_static("x-amz-version-id");
            for (name, value) in [(ETAG, etag), (LOCATION, location), (id_header, id)] {
                if let Some(value) = value.and_then(|value| value.parse().ok()) {
                    response.headers.insert(name, value);
                }
            }
        }
        Ok(response)
    }

    pub(crate) fn delete(
        &self,
        request: &S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = &request.input;
        let conditions = [
            input.if_match.is_some(),
            input.if_match_size.is_some(),
            input.if_match_last_modified_time.is_some(),
        ];
        if conditions.contains(&true) {
            return Err(not_implemented("A condition on a deletion"));
        }
        let store = &self.gate.targets.get(&input.bucket)?.store;
        let bypass = input.bypass_governance_retention.unwrap_or_default();
        let deleted = match &input.version_id {
            Some(id) => store.delete_version(&input.key, id, bypass)?,
            None => store.delete(&input.key)?,
        };
        Ok(S3Response::new(DeleteObjectOutput {
            delete_marker: deleted.is_marker.then_some(true),
            version_id: deleted.version_id,
            ..DeleteObjectOutput::default()
        }))
    }
}

/// Returns the version id for responses. `None` in a bucket without versioning.
pub(crate) fn version_id(version: &Version) -> Option<String> {
    (version.id != NULL_VERSION).then(|| version.id.clone())
}

pub(crate) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > 1024 {
        return Err(s3_error!(KeyTooLongError, "Your key is too long"));
    }
    if key.is_empty() {
        return Err(s3_error!(
            InvalidArgument,
            "User key must have a length greater than 0."
        ));
    }
    Ok(())
}
