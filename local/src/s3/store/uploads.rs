//! The stored multipart uploads.

use std::sync::Arc;

use s3s::S3Result;

use super::{
    NewData, Store,
    version::{Object, Part, Upload, Version},
};
use crate::s3::{
    conditions::WriteCondition,
    error::{internal, no_such_upload},
};

impl Store {
    /// Stores a new upload.
    pub(crate) fn begin(&self, upload: Upload) -> S3Result<()> {
        let mut state = self.lock();
        self.disk.write_upload(&upload).map_err(internal)?;
        state.uploads.insert(upload.id.clone(), upload);
        Ok(())
    }

    /// Finds the upload `id` of `key`.
    pub(crate) fn upload(&self, key: &str, id: &str) -> S3Result<Upload> {
        let state = self.lock();
        let upload = state.uploads.get(id).filter(|upload| upload.key == key);
        upload.cloned().ok_or_else(no_such_upload)
    }

    /// Lists all uploads, sorted by key and start time.
    pub(crate) fn uploads(&self) -> Vec<Upload> {
        let mut uploads: Vec<_> = self.lock().uploads.values().cloned().collect();
        uploads.sort_by(|left, right| {
            (&left.key, left.initiated, &left.id).cmp(&(&right.key, right.initiated, &right.id))
        });
        uploads
    }

    /// Adds a part. It replaces an earlier part with the same number.
    pub(crate) fn put_part(&self, key: &str, id: &str, part: Part, data: NewData) -> S3Result<()> {
        let mut state = self.lock();
        let upload = state
            .uploads
            .get_mut(id)
            .filter(|upload| upload.key == key)
            .ok_or_else(no_such_upload)?;
        self.disk.write_part(upload, &part).map_err(internal)?;
        data.keep();
        if let Some(replaced) = upload.parts.insert(part.number, part) {
            self.disk.remove_data([&replaced.segment].into_iter());
        }
        Ok(())
    }

    /// Deletes an upload and its parts.
    pub(crate) fn abort(&self, key: &str, id: &str) -> S3Result<()> {
        let mut state = self.lock();
        let upload = state.uploads.get(id).filter(|upload| upload.key == key);
        let upload = upload.ok_or_else(no_such_upload)?;
        self.disk.remove_upload(upload).map_err(internal)?;
        self.disk
            .remove_data(upload.parts.values().map(|part| &part.segment));
        state.uploads.remove(id);
        Ok(())
    }

    /// Completes an upload to `object` and deletes unused parts. `object` was assembled from the upload `as_seen`.
    /// Returns
    /// `None` and changes nothing if the upload has changed since.
    pub(crate) fn complete(
        &self,
        as_seen: &Upload,
        object: Object,
        condition: &WriteCondition,
    ) -> S3Result<Option<Arc<Version>>> {
        let mut state = self.lock();
        let upload = state.uploads.get(&as_seen.id).ok_or_else(no_such_upload)?;
        let file = |part: &Part| part.segment.file.clone();
        if !upload
            .parts
            .values()
            .map(file)
            .eq(as_seen.parts.values().map(file))
        {
            return Ok(None);
        }
        let id = Some(as_seen.id.clone());
        let version = self.add(&mut state, &as_seen.key, Some(object), id, condition)?;
        state.uploads.remove(&as_seen.id);
        // The object exists. If removing the upload fails, the next start removes it.
        let _ = self.disk.remove_upload(as_seen);
        let used = version.object.iter().flat_map(|object| &object.segments);
        let used: Vec<_> = used.map(|segment| &segment.file).collect();
        self.disk.remove_data(
            as_seen
                .parts
                .values()
                .map(|part| &part.segment)
                .filter(|segment| !used.contains(&&segment.file)),
        );
        Ok(Some(version))
    }

    /// Finds the version that the completed upload `id` of `key` created.
    pub(crate) fn completed(&self, key: &str, id: &str) -> Option<Arc<Version>> {
        self.read(|keys| {
            let mut versions = keys.get(key)?.iter();
            let version = versions.find(|version| version.upload_id.as_deref() == Some(id));
            version.cloned()
        })
    }
}
