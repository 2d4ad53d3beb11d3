//! Multipart uploads. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput,
        ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload,
        Part as PartDto, StorageClass, Timestamp, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};
use uuid::Uuid;

use super::{
    Service,
    body::{Body, length},
    checksum::{self, Algorithm, Declared},
    error::not_implemented,
    lock,
    object_headers::object_headers,
    page::{encoder, max},
    store::{Part, Upload, data},
};

/// The maximum part number.
const MAX_PART: i32 = 10_000;

impl Service {
    pub(crate) fn begin_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let store = &self.gate.targets.get(&input.bucket)?.store;
        let upload = Upload {
            // Has the length of S3's upload ids.
            id: format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
            key: input.key.clone(),
            initiated: store.now(),
            headers: object_headers!(input),
            lock: lock::initial(
                store,
                input.object_lock_mode.as_ref(),
                input.object_lock_retain_until_date.as_ref(),
                input.object_lock_legal_hold_status.as_ref(),
            )?,
            checksum: checksum_kind(
                input.checksum_algorithm.as_ref(),
                input.checksum_type.as_ref(),
            )?,
            parts: std::collections::BTreeMap::new(),
        };
        let (checksum_algorithm, checksum_type) = kind_fields(&upload);
        let id = upload.id.clone();
        store.begin(upload)?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            checksum_algorithm,
            checksum_type,
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    pub(crate) async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let mut input = request.input;
        if !(1..=MAX_PART).contains(&input.part_number) {
            return Err(s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and {MAX_PART}, inclusive"
            ));
        }
        let store = &self.gate.targets.get(&input.bucket)?.store;
        let upload = store.upload(&input.key, &input.upload_id)?;
        let declared = checksum::declared(
            checksum::given!(input),
            input.checksum_algorithm.as_ref(),
            &request.headers,
        )?;
        let declared = part_checksum(&upload, declared)?;
        let is_declared = declared.is_some();
        let body = Body {
            length: Some(length(input.content_length, &request.headers)?),
            md5: input.content_md5.take(),
            declared,
            bytes: input.body.take(),
        };
        let data = body
            .store(store.data(), request.trailing_headers.as_ref())
            .await?;
        let part = Part {
            number: input.part_number,
            etag: data::etag(&data.md5),
            segment: data.segment.clone(),
            checksum: is_declared.then(|| data.checksum.clone()),
            modified: store.now(),
        };
        let mut output = UploadPartOutput {
            e_tag: Some(ETag::Strong(part.etag.clone())),
            ..UploadPartOutput::default()
        };
        checksum::set_checksum!(output, &part.checksum);
        store.put_part(&input.key, &input.upload_id, part, data)?;
        Ok(S3Response::new(output))
    }

    pub(crate) fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let store = &self.gate.targets.get(&input.bucket)?.store;
        let upload = store.upload(&input.key, &input.upload_id)?;
        let max_parts = max(input.max_parts)?;
        let marker = input.part_number_marker.unwrap_or_default();
        let mut rest = upload.parts.range(marker.saturating_add(1)..);
        let limit = usize::try_from(max_parts).unwrap_or_default();
        let parts: Vec<_> = rest
            .by_ref()
            .take(limit)
            .map(|(_, part)| entry(part))
            .collect();
        let is_truncated = limit > 0 && rest.next().is_some();
        let (checksum_algorithm, checksum_type) = kind_fields(&upload);
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            checksum_algorithm,
            checksum_type,
            is_truncated: Some(is_truncated),
            key: Some(input.key),
            max_parts: Some(max_parts),
            next_part_number_marker: parts.last().and_then(|part| part.part_number),
            part_number_marker: Some(marker),
            parts: Some(parts),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            upload_id: Some(input.upload_id),
            ..ListPartsOutput::default()
        }))
    }

    pub(crate) fn abort_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        if input.if_match_initiated_time.is_some() {
            return Err(not_implemented("A condition on aborting an upload"));
        }
        let store = &self.gate.targets.get(&input.bucket)?.store;
        store.abort(&input.key, &input.upload_id)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    pub(crate) fn list_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        if input.delimiter.is_some() {
            return Err(not_implemented("A delimiter in a list of uploads"));
        }
        let store = &self.gate.targets.get(&input.bucket)?.store;
        let encode = encoder(input.encoding_type.as_ref())?;
        let max_uploads = max(input.max_uploads)?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let uploads = store.uploads();
        let is_last = |upload: &Upload| {
            Some(&upload.key) == input.key_marker.as_ref()
                && Some(&upload.id) == input.upload_id_marker.as_ref()
        };
        let start = if let Some(index) = uploads.iter().position(is_last) {
            index + 1
        } else {
            let marker = input.key_marker.clone().unwrap_or_default();
            uploads.partition_point(|upload| upload.key <= marker && !marker.is_empty())
        };
        let mut rest = uploads[start..]
            .iter()
            .filter(|upload| upload.key.starts_with(&prefix));
        let limit = usize::try_from(max_uploads).unwrap_or_default();
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let next = page.last().filter(|_| rest.next().is_some());
        let entry = |upload: &&Upload| MultipartUpload {
            initiated: Some(Timestamp::from(upload.initiated)),
            key: Some(encode(&upload.key)),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            upload_id: Some(upload.id.clone()),
            ..MultipartUpload::default()
        };
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            encoding_type: input.encoding_type,
            is_truncated: Some(next.is_some()),
            key_marker: input.key_marker,
            max_uploads: Some(max_uploads),
            next_key_marker: next.map(|upload| encode(&upload.key)),
            next_upload_id_marker: next.map(|upload| upload.id.clone()),
            prefix: input.prefix,
            upload_id_marker: input.upload_id_marker,
            uploads: Some(page.iter().map(entry).collect()),
            ..ListMultipartUploadsOutput::default()
        }))
    }
}

fn entry(part: &Part) -> PartDto {
    let mut entry = PartDto {
        e_tag: Some(ETag::Strong(part.etag.clone())),
        last_modified: Some(Timestamp::from(part.modified)),
        part_number: Some(part.number),
        size: i64::try_from(part.segment.size).ok(),
        ..PartDto::default()
    };
    checksum::set_checksum!(entry, &part.checksum);
    entry
}

/// Parses the checksum algorithm and type of an upload. By default, all algorithms but CRC64NVME are composite.
fn checksum_kind(
    algorithm: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> S3Result<Option<(Algorithm, bool)>> {
    let Some(algorithm) = algorithm.map(Algorithm::parse).transpose()? else {
        return match kind {
            None => Ok(None),
            Some(_) => Err(s3_error!(
                InvalidRequest,
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm \
                 header."
            )),
        };
    };
    let composite = match kind.map(ChecksumType::as_str) {
        None => algorithm != Algorithm::Crc64Nvme,
        Some(kind) => kind == ChecksumType::COMPOSITE,
    };
    let is_sha = matches!(algorithm, Algorithm::Sha1 | Algorithm::Sha256);
    if (composite && algorithm == Algorithm::Crc64Nvme) || (!composite && is_sha) {
        return Err(s3_error!(
            InvalidRequest,
            "The checksum type cannot be used with the {} checksum algorithm.",
            algorithm.name().to_ascii_lowercase()
        ));
    }
    Ok(Some((algorithm, composite)))
}

fn kind_fields(upload: &Upload) -> (Option<ChecksumAlgorithm>, Option<ChecksumType>) {
    match upload.checksum {
        None => (None, None),
        Some((algorithm, composite)) => (
            Some(ChecksumAlgorithm::from_static(algorithm.name())),
            Some(ChecksumType::from_static(if composite {
                ChecksumType::COMPOSITE
            } else {
                ChecksumType::FULL_OBJECT
            })),
        ),
    }
}

/// Returns the checksum of a part, which must match the upload's algorithm.
fn part_checksum(upload: &Upload, declared: Option<Declared>) -> S3Result<Option<Declared>> {
    let Some((algorithm, composite)) = upload.checksum else {
        return Ok(declared);
    };
    let actual = match &declared {
        Some(declared) if declared.algorithm == algorithm => return Ok(Some(declared.clone())),
        Some(declared) => declared.algorithm.name().to_ascii_lowercase(),
        // S3 computes the checksum itself.
        None if !composite => {
            return Ok(Some(Declared {
                algorithm,
                value: None,
                is_trailer: false,
            }));
        }
        None => "null".to_owned(),
    };
    let expected = algorithm.name().to_ascii_lowercase();
    Err(s3_error!(
        InvalidRequest,
        "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual checksum Type: \
         {actual}"
    ))
}
