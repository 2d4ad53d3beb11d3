//! Listings, sorted by the bytes of the keys.

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        Bucket, DeleteMarkerEntry, ETag, ListBucketsOutput, ListObjectVersionsInput,
        ListObjectVersionsOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
        ObjectStorageClass, ObjectVersion, ObjectVersionStorageClass, Timestamp,
    },
};
use sam_template::REGION;

use super::{
    Service,
    page::{Placement, decode_token, encoder, following, max, page, token},
    store::{Store, Version},
};

impl Service {
    pub(crate) fn buckets(&self) -> S3Response<ListBucketsOutput> {
        let stores = self.gate.targets.buckets();
        let bucket = |store: &Store| Bucket {
            name: Some(store.config.name.clone()),
            creation_date: Some(Timestamp::from(store.opened)),
            bucket_region: Some(REGION.to_owned()),
        };
        S3Response::new(ListBucketsOutput {
            buckets: Some(stores.map(bucket).collect()),
            ..ListBucketsOutput::default()
        })
    }

    pub(crate) fn list(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let store = &self.gate.targets.get(&input.bucket)?.store;
        let encode = encoder(input.encoding_type.as_ref())?;
        let max_keys = max(input.max_keys)?;
        let after = match &input.continuation_token {
            None => input.start_after.clone().unwrap_or_default(),
            Some(token) => decode_token(token)?,
        };
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone().unwrap_or_default();
        let mut page = page(&prefix, &delimiter, max_keys);
        let mut contents = Vec::new();
        let mut last = None;
        let mut is_truncated = false;
        store.read(|keys| {
            for (key, versions) in following(keys, &prefix, &delimiter, &after) {
                let Some((version, object)) = versions
                    .last()
                    .and_then(|version| Some((version, version.object.as_ref()?)))
                else {
                    continue;
                };
                match page.place(key) {
                    Placement::PageFull => {
                        is_truncated = max_keys > 0;
                        break;
                    }
                    Placement::InPrefix => last = page.prefixes.last().cloned(),
                    Placement::Entry => {
                        last = Some(key.clone());
                        contents.push(Object {
                            e_tag: Some(ETag::Strong(object.etag.clone())),
                            key: Some(encode(key)),
                            last_modified: Some(Timestamp::from(version.modified)),
                            size: i64::try_from(object.size).ok(),
                            storage_class: Some(ObjectStorageClass::from_static(
                                ObjectStorageClass::STANDARD,
                            )),
                            ..Object::default()
                        });
                    }
                }
            }
        });
        let last = last.filter(|_| is_truncated);
        Ok(S3Response::new(ListObjectsV2Output {
            common_prefixes: Some(page.common_prefixes(encode)),
            contents: Some(contents),
            continuation_token: input.continuation_token,
            delimiter: input.delimiter.as_deref().map(encode),
            encoding_type: input.encoding_type,
            is_truncated: Some(is_truncated),
            key_count: i32::try_from(page.entries + page.prefixes.len()).ok(),
            max_keys: Some(max_keys),
            name: Some(input.bucket),
            next_continuation_token: last.as_deref().map(token),
            prefix: Some(encode(&prefix)),
            start_after: input.start_after.as_deref().map(encode),
            ..ListObjectsV2Output::default()
        }))
    }

    pub(crate) fn list_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = request.input;
        let store = &self.gate.targets.get(&input.bucket)?.store;
        let encode = encoder(input.encoding_type.as_ref())?;
        let max_keys = max(input.max_keys)?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone().unwrap_or_default();
        let marker = input.key_marker.clone().unwrap_or_default();
        let mut page = page(&prefix, &delimiter, max_keys);
        let mut output = ListObjectVersionsOutput {
            delimiter: input.delimiter.as_deref().map(encode),
            encoding_type: input.encoding_type.clone(),
            is_truncated: Some(false),
            key_marker: input.key_marker.as_deref().map(encode),
            max_keys: Some(max_keys),
            name: Some(input.bucket.clone()),
            prefix: Some(encode(&prefix)),
            version_id_marker: input.version_id_marker.clone(),
            ..ListObjectVersionsOutput::default()
        };
        let mut versions_found = Vec::new();
        let mut markers_found = Vec::new();
        let mut last = (None, None);
        store.read(|keys| {
            // Starts with the remaining versions of the key in which the last page ended.
            let rest = input.version_id_marker.as_ref().and_then(|id| {
                let (key, versions) = keys.get_key_value(&marker)?;
                let index = versions.iter().position(|version| version.id == *id)?;
                Some((key, &versions[..index], versions.len()))
            });
            let following = following(keys, &prefix, &delimiter, &marker)
                .map(|(key, versions)| (key, versions, versions.len()));
            'keys: for (key, versions, count) in rest.into_iter().chain(following) {
                for (index, version) in versions.iter().enumerate().rev() {
                    match page.place(key) {
                        Placement::PageFull => {
                            output.is_truncated = Some(max_keys > 0);
                            break 'keys;
                        }
                        Placement::InPrefix => {
                            last = (page.prefixes.last().cloned(), None);
                            continue;
                        }
                        Placement::Entry => last = (Some(key.clone()), Some(version.id.clone())),
                    }
                    let is_latest = index + 1 == count;
                    match version_entry(version, is_latest, encode(key)) {
                        Ok(entry) => versions_found.push(entry),
                        Err(entry) => markers_found.push(entry),
                    }
                }
            }
        });
        output.common_prefixes = Some(page.common_prefixes(encode));
        output.versions = Some(versions_found);
        output.delete_markers = Some(markers_found);
        if output.is_truncated == Some(true) {
            output.next_key_marker = last.0.as_deref().map(encode);
            output.next_version_id_marker = last.1;
        }
        Ok(S3Response::new(output))
    }
}

fn version_entry(
    version: &Version,
    is_latest: bool,
    key: String,
) -> Result<ObjectVersion, DeleteMarkerEntry> {
    let (is_latest, key) = (Some(is_latest), Some(key));
    let last_modified = Some(Timestamp::from(version.modified));
    let version_id = Some(version.id.clone());
    match &version.object {
        Some(object) => Ok(ObjectVersion {
            e_tag: Some(ETag::Strong(object.etag.clone())),
            is_latest,
            key,
            last_modified,
            size: i64::try_from(object.size).ok(),
            storage_class: Some(ObjectVersionStorageClass::from_static(
                ObjectVersionStorageClass::STANDARD,
            )),
            version_id,
            ..ObjectVersion::default()
        }),
        None => Err(DeleteMarkerEntry {
            is_latest,
            key,
            last_modified,
            version_id,
            ..DeleteMarkerEntry::default()
        }),
    }
}
