//! Completes multipart uploads.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, ETag},
    s3_error,
};

use super::{
    Service,
    checksum::{self, Checksum},
    conditions::WriteCondition,
    error::{no_such_key, no_such_upload},
    events::{Reason, Source},
    store::{Object, Part, Store, Upload, Version, data},
    write::version_id,
};

/// The minimum size of a part that is not the last one.
const MIN_PART: u64 = 5 * 1024 * 1024;

impl Service {
    pub(crate) async fn complete_upload(
        &self,
        request: &S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = &request.input;
        let store = &self.gate.targets.get(&input.bucket)?.store;
        let condition = WriteCondition::new(input.if_none_match.as_ref(), input.if_match.as_ref())?;
        loop {
            let Ok(upload) = store.upload(&input.key, &input.upload_id) else {
                // A client that lost the response retries.
                let done = store.completed(&input.key, &input.upload_id);
                let done = done.ok_or_else(no_such_upload)?;
                return self.completed_response(request, &done);
            };
            let object = assemble(store, &upload, input).await?;
            // If parts were replaced meanwhile, assemble again.
            if let Some(version) = store.complete(&upload, object, &condition)? {
                self.created(store, &version, &Source::of(request), Reason::Complete);
                return self.completed_response(request, &version);
            }
        }
    }

    fn completed_response(
        &self,
        request: &S3Request<CompleteMultipartUploadInput>,
        version: &Version,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = &request.input;
        let object = version.object.as_ref().ok_or_else(no_such_key)?;
        let mut output = CompleteMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            key: Some(input.key.clone()),
            location: Some(self.location(&input.bucket, &input.key)),
            version_id: version_id(version),
            ..CompleteMultipartUploadOutput::default()
        };
        checksum::set_checksum!(output, &object.checksum);
        output.checksum_type = object
            .checksum
            .as_ref()
            .and_then(|sum| sum.fields().checksum_type);
        Ok(S3Response::new(output))
    }
}

async fn assemble(
    store: &Store,
    upload: &Upload,
    input: &CompleteMultipartUploadInput,
) -> S3Result<Object> {
    let listed = input.multipart_upload.as_ref();
    let listed = listed.and_then(|listed| listed.parts.as_deref());
    let parts = match listed {
        Some(listed) if !listed.is_empty() => listed_parts(upload, listed)?,
        _ => {
            return Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our \
                 published schema"
            ));
        }
    };
    let size = parts.iter().map(|part| part.segment.size).sum();
    if input
        .mpu_object_size
        .is_some_and(|expected| u64::try_from(expected) != Ok(size))
    {
        return Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header does not match what was computed"
        ));
    }
    let segments: Vec<_> = parts.iter().map(|part| part.segment.clone()).collect();
    let checksum = match upload.checksum {
        None => None,
        Some((algorithm, true)) => Checksum::composite(
            algorithm,
            parts.iter().filter_map(|part| part.checksum.as_ref()),
        ),
        Some((algorithm, false)) => Some(data::checksum(store.data(), &segments, algorithm).await?),
    };
    check_object_checksum(input, checksum.as_ref())?;
    Ok(Object {
        size,
        etag: data::etag_of_parts(parts.iter().map(|part| part.etag.as_str())),
        segments,
        headers: upload.headers.clone(),
        checksum,
        parts: Some(parts.len()),
        retention: upload.lock.retention.clone(),
        legal_hold: upload.lock.legal_hold,
    })
}

/// Returns the listed parts, if they match the uploaded ones.
fn listed_parts<'a>(upload: &'a Upload, listed: &[CompletedPart]) -> S3Result<Vec<&'a Part>> {
    let number = |part: &CompletedPart| part.part_number.unwrap_or_default();
    if listed
        .windows(2)
        .any(|pair| number(&pair[0]) >= number(&pair[1]))
    {
        return Err(s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order. The parts list must be specified in \
             order by part number."
        ));
    }
    let parts: Vec<_> = listed
        .iter()
        .map(|listed| {
            let part = upload.parts.get(&number(listed));
            match part {
                Some(part) if is_same(part, listed) => check_part_checksum(upload, part, listed),
                _ => Err(s3_error!(
                    InvalidPart,
                    "One or more of the specified parts could not be found. The part may not have \
                     been uploaded, or the specified entity tag may not match the part's entity \
                     tag."
                )),
            }
        })
        .collect::<S3Result<_>>()?;
    let (_, but_last) = parts.split_last().ok_or_else(|| s3_error!(MalformedXML))?;
    if but_last.iter().any(|part| part.segment.size < MIN_PART) {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ));
    }
    Ok(parts)
}

fn is_same(part: &Part, listed: &CompletedPart) -> bool {
    let is_etag = listed
        .e_tag
        .as_ref()
        .is_some_and(|etag| etag.value() == part.etag);
    let sums = checksum::given!(listed);
    let own = part.checksum.as_ref().map(|sum| &sum.value);
    is_etag && sums.iter().flatten().all(|sum| own == Some(sum))
}

/// With a composite checksum, the request must list the checksum of each part.
fn check_part_checksum<'a>(
    upload: &Upload,
    part: &'a Part,
    listed: &CompletedPart,
) -> S3Result<&'a Part> {
    match upload.checksum {
        Some((algorithm, true)) if checksum::given!(listed).iter().all(Option::is_none) => {
            Err(s3_error!(
                InvalidRequest,
                "The upload was created using a {} checksum. The complete request must include the \
                 checksum for each part. It was missing for part {} in the request.",
                algorithm.name().to_ascii_lowercase(),
                part.number
            ))
        }
        _ => Ok(part),
    }
}

fn check_object_checksum(
    input: &CompleteMultipartUploadInput,
    checksum: Option<&Checksum>,
) -> S3Result<()> {
    let own = checksum.map(|sum| sum.value.as_str());
    let own_parts = own.map(|own| own.split('-').next().unwrap_or_default());
    let is_other = |given: &String| {
        // The suffix with the number of parts may be omitted.
        Some(given.as_str()) != own && Some(given.as_str()) != own_parts
    };
    if own.is_some() && checksum::given!(input).iter().flatten().any(is_other) {
        return Err(s3_error!(
            BadDigest,
            "The checksum you specified did not match the calculated checksum."
        ));
    }
    Ok(())
}
