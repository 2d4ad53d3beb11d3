use std::collections::BTreeMap;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use domain::{
    UploadId, UserId,
    upload::{Contents, StoredVersion},
};

use time::OffsetDateTime;

use crate::{Bucket, StorageError, object::time_of};

/// One entry of a list of versions.
pub(crate) enum Entry {
    Version(StoredVersion),
    Marker(String, bool),
}

/// Everything that S3 holds of one owner.
#[derive(Debug, Default)]
pub struct Owned {
    /// By upload; keys of another form are left out.
    pub contents: BTreeMap<UploadId, Contents>,
    /// Multipart uploads that are open.
    pub multiparts: Vec<OpenMultipart>,
}

/// A multipart upload that is open.
#[derive(Debug)]
pub struct OpenMultipart {
    /// The upload that it belongs to.
    pub upload: UploadId,
    /// S3's id.
    pub s3_id: String,
    /// When it began.
    pub begun_at: OffsetDateTime,
}

impl Entry {
    pub fn add_to(self, contents: &mut Contents) {
        match self {
            Self::Version(version) => contents.versions.push(version),
            Self::Marker(id, is_latest) => {
                contents.markers.push(id);
                contents.is_hidden |= is_latest;
            }
        }
    }
}

/// The entries of a page with their keys, versions first; each kind newest first.
fn entries(page: ListObjectVersionsOutput) -> Vec<(String, Entry)> {
    let versions = page.versions.unwrap_or_default().into_iter();
    let versions = versions.filter_map(|version| {
        let stored = StoredVersion {
            id: version.version_id?,
            size: version.size?.try_into().ok()?,
        };
        Some((version.key?, Entry::Version(stored)))
    });
    let markers = page.delete_markers.unwrap_or_default().into_iter();
    let markers = markers.filter_map(|marker| {
        let is_latest = marker.is_latest.unwrap_or_default();
        Some((marker.key?, Entry::Marker(marker.version_id?, is_latest)))
    });
    versions.chain(markers).collect()
}

impl Bucket {
    /// Lists all versions and delete markers of keys that begin with `prefix`, with the key of each.
    pub(crate) async fn each_entry(
        &self,
        prefix: &str,
        mut each: impl FnMut(&str, Entry),
    ) -> Result<(), StorageError> {
        let mut after = (None, None);
        loop {
            let (key_marker, version_marker) = after;
            let listed = self
                .client
                .list_object_versions()
                .bucket(&self.name)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await?;
            let is_more = listed.is_truncated.unwrap_or_default();
            after = (
                listed.next_key_marker.clone(),
                listed.next_version_id_marker.clone(),
            );
            for (key, entry) in entries(listed) {
                each(&key, entry);
            }
            if !is_more {
                return Ok(());
            }
        }
    }

    /// Everything that S3 holds of an owner, open multipart uploads included.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn owned_by(&self, owner: UserId) -> Result<Owned, StorageError> {
        let prefix = format!("{owner}/");
        let upload = |key: &str| UploadId::parse(key.strip_prefix(&prefix)?).ok();
        let mut found = Owned::default();
        self.each_entry(&prefix, |key, entry| {
            if let Some(id) = upload(key) {
                entry.add_to(found.contents.entry(id).or_default());
            }
        })
        .await?;
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let listed = self
                .client
                .list_multipart_uploads()
                .bucket(&self.name)
                .prefix(&prefix)
                .set_key_marker(key_marker)
                .set_upload_id_marker(id_marker)
                .send()
                .await?;
            let uploads = listed.uploads.unwrap_or_default().into_iter();
            let open = uploads.filter_map(|open| {
                Some(OpenMultipart {
                    upload: upload(&open.key?)?,
                    s3_id: open.upload_id?,
                    begun_at: time_of(&open.initiated?)?,
                })
            });
            found.multiparts.extend(open);
            if !listed.is_truncated.unwrap_or_default() {
                return Ok(found);
            }
            (key_marker, id_marker) = (listed.next_key_marker, listed.next_upload_id_marker);
        }
    }
}
