//! `CopyObject`, which also restores old versions.

use std::path::Path;

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, ETag, MetadataDirective, Timestamp,
    },
    s3_error,
};

use super::{
    Service,
    body::MAX_SINGLE,
    checksum::{self, Algorithm},
    conditions::{ReadCondition, WriteCondition},
    error::{internal, no_such_key, no_such_version, not_implemented},
    events::{Reason, Source},
    lock,
    object_headers::object_headers,
    store::{Object, data},
    write::{check_key, version_id},
};

impl Service {
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
        .check_source(&object.etag, original.modified)?;
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
            copy.headers = object_headers!(input);
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
        checksum::set_checksum!(result, &object.checksum);
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: version_id(&original),
            version_id: version_id(&version),
            ..CopyObjectOutput::default()
        }))
    }

    /// Copies the data of `object` to new files, as an object stored in one request.
    async fn copy_of(
        &self,
        object: &Object,
        input: &CopyObjectInput,
        from: &Path,
        to: &Path,
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
}
