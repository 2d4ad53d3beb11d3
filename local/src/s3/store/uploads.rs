//! Uploads in parts.

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
    pub(crate) fn begin(&self, upload: Upload) -> S3Result<()> {
        let mut state = self.lock();
        self.disk.write_upload(&upload).map_err(internal)?;
        state.uploads.insert(upload.id.clone(), upload);
        Ok(())
    }

    /// The upload `id` to `key`.
    pub(crate) fn upload(&self, key: &str, id: &str) -> S3Result<Upload> {
        let state = self.lock();
        let upload = state.uploads.get(id).filter(|upload| upload.key == key);
        upload.cloned().ok_or_else(no_such_upload)
    }

    /// All uploads, in the order of their keys and beginnings.
    pub(crate) fn uploads(&self) -> Vec<Upload> {
        let mut uploads: Vec<_> = self.lock().uploads.values().cloned().collect();
        uploads.sort_by(|left, right| {
            (&left.key, left.initiated, &left.id).cmp(&(&right.key, right.initiated, &right.id))
        });
        uploads
    }

    /// Adds a part, in place of an earlier one with its number.
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

    /// Makes `object` of parts of the upload, whose other parts go. `object` was put together from
    /// the upload `as_seen`; if that has changed since, nothing happens.
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
        // The object is there; what is left of the upload goes at the next start.
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

    /// What the upload `id` to `key` was completed to.
    pub(crate) fn completed(&self, key: &str, id: &str) -> Option<Arc<Version>> {
        self.read(|keys| {
            let mut versions = keys.get(key)?.iter();
            let version = versions.find(|version| version.upload_id.as_deref() == Some(id));
            version.cloned()
        })
    }
}
