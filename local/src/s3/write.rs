//! Storing, copying and deleting objects.

use http::{
    HeaderName,
    header::{ETAG, LOCATION},
};
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, DeleteObjectInput, DeleteObjectOutput,
        ETag, Metadata, MetadataDirective, PutObjectInput, PutObjectOutput, Timestamp,
    },
    s3_error,
};

use super::{
    Service,
    checksum::{self, Algorithm},
    conditions::{ReadCondition, WriteCondition},
    error::{internal, no_such_key, no_such_version, not_implemented},
    events::{Reason, Redirects, Source},
    lock,
    store::{About, NULL_VERSION, Object, Version, data},
};

/// What a request says about an object, from the fields that all such requests have.
macro_rules! about {
    ($input:expr) => {
        $crate::s3::store::About {
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $crate::s3::write::content_encoding(
                $input.content_encoding.as_deref(),
            ),
            content_language: $input.content_language.clone(),
            content_type: $input.content_type.as_ref().map(ToString::to_string),
            expires: $input.expires.clone().map(Into::into),
            metadata: $crate::s3::write::metadata($input.metadata.as_ref()),
        }
    };
}

pub(crate) use about;

/// The most that one request can store.
const MAX_SINGLE: u64 = 5 * 1024 * 1024 * 1024;

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
                // The length is that of the form.
                Reason::Post => None,
                _ => Some(length(input.content_length, &request.headers)?),
            },
            md5: input.content_md5.take(),
            declared: checksum::declared(
                checksum::given!(input),
                input.checksum_algorithm.as_ref(),
                &request.headers,
            )?,
            body: input.body.take(),
        };
        let data = body
            .store(store.data(), request.trailing_headers.as_ref())
            .await?;
        let object = Object {
            size: data.segment.size,
            etag: data::etag(&data.md5),
            segments: vec![data.segment.clone()],
            checksum: Some(data.checksum.clone()),
            about: about!(input),
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
        checksum::answer!(output, &object.checksum);
        output.checksum_type = object
            .checksum
            .as_ref()
            .and_then(|sum| sum.fields().checksum_type);
        let mut response = S3Response::new(output);
        if reason == Reason::Post {
            // s3s leaves these out.
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

    pub(crate) async fn copy(
        &self,
        request: &S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = &request.input;
        for name in ["if-match", "if-none-match"] {
            if request.headers.contains_key(name) {
                return Err(not_implemented(&format!("{name} on a copy")));
            }
        }
        let target = self.gate.targets.get(&input.bucket)?;
        let (from, key, id) = self.gate.targets.source(&input.copy_source)?;
        check_key(&input.key)?;
        let replaces = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let is_itself = target.store.config.name == from.store.config.name && input.key == key;
        if is_itself && id.is_none() && !replaces {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself \
                 without changing the object's metadata, storage class, website redirect location \
                 or encryption attributes."
            ));
        }
        let missing = || self.gate.missing(request, from, no_such_key());
        let original = from.store.version(key, id);
        let original = match (original, id) {
            (None, Some(_)) => return Err(self.gate.missing(request, from, no_such_version())),
            (None, None) => return Err(missing()),
            (Some(original), _) => original,
        };
        let Some(object) = &original.object else {
            return Err(match id {
                Some(_) => s3_error!(
                    InvalidRequest,
                    "The source of a copy request may not specifically refer to a delete marker by \
                     version id."
                ),
                None => missing(),
            });
        };
        ReadCondition {
            matches: input.copy_source_if_match.as_ref(),
            none_match: input.copy_source_if_none_match.as_ref(),
            modified_since: input.copy_source_if_modified_since.as_ref(),
            unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
        }
        .check_source(object, original.modified)?;
        if object.size > MAX_SINGLE {
            return Err(s3_error!(
                InvalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy \
                 source: {MAX_SINGLE}"
            ));
        }
        let lock = lock::initial(
            &target.store,
            input.object_lock_mode.as_ref(),
            input.object_lock_retain_until_date.as_ref(),
            input.object_lock_legal_hold_status.as_ref(),
        )?;
        let mut copy = self
            .copy_of(object, input, from.store.data(), target.store.data())
            .await?;
        copy.retention = lock.retention;
        copy.legal_hold = lock.legal_hold;
        if replaces {
            copy.about = about!(input);
        }
        let condition = WriteCondition::default();
        let version = target
            .store
            .insert(&input.key, copy, Vec::new(), &condition)?;
        self.created(&target.store, &version, &Source::of(request), Reason::Copy);
        let object = version.object.as_ref().ok_or_else(no_such_key)?;
        let mut result = CopyObjectResult {
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(Timestamp::from(version.modified)),
            ..CopyObjectResult::default()
        };
        checksum::answer!(result, &object.checksum);
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: version_id(&original),
            version_id: version_id(&version),
            ..CopyObjectOutput::default()
        }))
    }

    /// The bytes of `object` under new names, as an object that was stored in one piece.
    async fn copy_of(
        &self,
        object: &Object,
        input: &CopyObjectInput,
        from: &std::path::Path,
        to: &std::path::Path,
    ) -> S3Result<Object> {
        let algorithm = match (&input.checksum_algorithm, &object.checksum) {
            (Some(algorithm), _) => Algorithm::parse(algorithm)?,
            (None, Some(checksum)) => checksum.algorithm,
            (None, None) => Algorithm::Crc64Nvme,
        };
        let is_simple = object.parts.is_none()
            && object
                .checksum
                .as_ref()
                .is_some_and(|sum| sum.algorithm == algorithm);
        let mut copy = object.clone();
        copy.parts = None;
        if is_simple {
            copy.segments = data::link(from, to, &object.segments).map_err(internal)?;
            return Ok(copy);
        }
        let body = data::read(from, &object.segments, 0..object.size);
        let data = data::write(to, Some(body), algorithm).await?;
        copy.etag = data::etag(&data.md5);
        copy.checksum = Some(data.checksum.clone());
        copy.segments = vec![data.segment.clone()];
        data.keep();
        Ok(copy)
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

/// The body of a request, and what was said about it beforehand.
pub(crate) struct Body {
    pub(crate) length: Option<u64>,
    pub(crate) md5: Option<String>,
    pub(crate) declared: Option<checksum::Declared>,
    pub(crate) body: Option<s3s::dto::StreamingBlob>,
}

impl Body {
    /// Stores the bytes, if they are what was said.
    pub(crate) async fn store(
        self,
        directory: &std::path::Path,
        trailers: Option<&s3s::TrailingHeaders>,
    ) -> S3Result<data::NewData> {
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
        let data = data::write(directory, self.body, algorithm).await?;
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
            let trailers = trailers.and_then(s3s::TrailingHeaders::take);
            declared.verify(&data.checksum, trailers.as_ref())?;
        }
        Ok(data)
    }
}

fn check_md5(given: &str, actual: &[u8; 16]) -> S3Result<()> {
    use base64::{Engine, prelude::BASE64_STANDARD};
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

/// The length that a request announces.
pub(crate) fn length(content_length: Option<i64>, headers: &http::HeaderMap) -> S3Result<u64> {
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

/// The version id that answers show: none in a bucket without versions.
pub(crate) fn version_id(version: &Version) -> Option<String> {
    (version.id != NULL_VERSION).then(|| version.id.clone())
}

fn check_key(key: &str) -> S3Result<()> {
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

pub(crate) fn metadata(metadata: Option<&Metadata>) -> std::collections::BTreeMap<String, String> {
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
