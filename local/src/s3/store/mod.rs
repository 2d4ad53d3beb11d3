//! The contents of a bucket: bytes in files, one JSON record per version, and an index of the records in memory. Files
//! with their final name are complete: records are renamed into place, and bytes count only once a record refers to
//! them.

pub(crate) mod data;
mod disk;
mod uploads;
mod version;

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};

use clock::Clock;
use s3s::{S3Result, s3_error};
use sam_template::Bucket;
use time::OffsetDateTime;
use uuid::Uuid;

#[cfg(test)]
use self::version::Segment;
pub(crate) use self::version::{
    Lock, Mode, NULL_VERSION, Object, ObjectHeaders, Part, Retention, Upload, Version,
};
use self::{data::NewData, disk::Disk};
use crate::s3::{
    conditions::WriteCondition,
    error::{internal, no_such_version},
};

/// The versions of each key, the current one last.
pub(crate) type Keys = BTreeMap<String, Vec<Arc<Version>>>;

/// One bucket.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) config: Bucket,
    /// When the bucket was opened, which listings of buckets show as its creation date.
    pub(crate) opened: OffsetDateTime,
    disk: Disk,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: Keys,
    uploads: BTreeMap<String, Upload>,
    /// The last sequence number that was used.
    sequence: u64,
}

/// The result of a deletion.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    pub(crate) version_id: Option<String>,
    pub(crate) is_marker: bool,
}

impl Store {
    /// Opens the bucket in `directory`, and creates it if it is missing.
    pub(crate) fn open(directory: &Path, config: Bucket, clock: Clock) -> io::Result<Self> {
        let disk = Disk::open(directory)?;
        let mut state = State::default();
        for version in disk.versions()? {
            state.sequence = state.sequence.max(version.sequence);
            let versions: &mut Vec<_> = state.keys.entry(version.key.clone()).or_default();
            versions.push(Arc::new(version));
        }
        for versions in state.keys.values_mut() {
            versions.sort_by_key(|version| version.sequence);
            drop_replaced(&disk, versions);
        }
        state.uploads = disk.uploads()?;
        disk.sweep(&state.keys, &state.uploads)?;
        Ok(Self {
            config,
            opened: clock.now(),
            disk,
            clock,
            state: Mutex::new(state),
        })
    }

    /// Returns the directory of the data files.
    pub(crate) fn data(&self) -> &Path {
        self.disk.data()
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Finds the version `id`, or the current one, which may be a delete marker.
    pub(crate) fn version(&self, key: &str, id: Option<&str>) -> Option<Arc<Version>> {
        let state = self.lock();
        let versions = state.keys.get(key)?;
        match id {
            None => versions.last().cloned(),
            Some(id) => versions.iter().find(|version| version.id == id).cloned(),
        }
    }

    /// Calls `read` with all keys and versions.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Keys) -> T) -> T {
        read(&self.lock().keys)
    }

    /// Adds `object` as the current version of `key`, if `condition` is met.
    pub(crate) fn insert(
        &self,
        key: &str,
        object: Object,
        data: Vec<NewData>,
        condition: &WriteCondition,
    ) -> S3Result<Arc<Version>> {
        let mut state = self.lock();
        let version = self.add(&mut state, key, Some(object), None, condition)?;
        data.into_iter().for_each(NewData::keep);
        Ok(version)
    }

    /// Deletes an object. With versioning, it only adds a delete marker.
    pub(crate) fn delete(&self, key: &str) -> S3Result<Deleted> {
        let mut state = self.lock();
        if self.config.versioned {
            let marker = self.add(&mut state, key, None, None, &WriteCondition::default())?;
            return Ok(Deleted {
                version_id: Some(marker.id.clone()),
                is_marker: true,
            });
        }
        self.remove(&mut state, key, |_| true)?;
        Ok(Deleted::default())
    }

    /// Deletes the version `id` permanently.
    pub(crate) fn delete_version(&self, key: &str, id: &str, bypass: bool) -> S3Result<Deleted> {
        let mut state = self.lock();
        let versions = state.keys.get(key);
        let found = versions.and_then(|versions| versions.iter().find(|version| version.id == id));
        let is_marker = match found {
            None => false,
            Some(version) => match &version.object {
                None => true,
                Some(object) if object.is_locked(self.now(), bypass) => {
                    return Err(s3_error!(
                        AccessDenied,
                        "Access Denied because object protected by object lock."
                    ));
                }
                Some(_) => false,
            },
        };
        self.remove(&mut state, key, |version| version.id == id)?;
        Ok(Deleted {
            version_id: Some(id.to_owned()),
            is_marker,
        })
    }

    /// Changes the lock of a version.
    pub(crate) fn change(
        &self,
        version: &Version,
        change: impl FnOnce(&mut Object) -> S3Result<()>,
    ) -> S3Result<()> {
        let mut state = self.lock();
        let versions = state.keys.get_mut(&version.key);
        let found = versions
            .and_then(|versions| versions.iter_mut().find(|other| other.id == version.id))
            .ok_or_else(no_such_version)?;
        let mut changed = Version::clone(found);
        if let Some(object) = &mut changed.object {
            change(object)?;
        }
        self.disk.write_version(&changed).map_err(internal)?;
        *found = Arc::new(changed);
        Ok(())
    }

    fn add(
        &self,
        state: &mut State,
        key: &str,
        object: Option<Object>,
        upload_id: Option<String>,
        condition: &WriteCondition,
    ) -> S3Result<Arc<Version>> {
        let current = state.keys.get(key).and_then(|versions| versions.last());
        let current = current.and_then(|version| version.object.as_ref());
        condition.check(current.map(|object| object.etag.as_str()))?;
        let now = self.now();
        let microseconds = u64::try_from(now.unix_timestamp_nanos() / 1_000).unwrap_or_default();
        let record = Uuid::new_v4().simple().to_string();
        let id = if self.config.versioned {
            record.clone()
        } else {
            NULL_VERSION.to_owned()
        };
        let version = Arc::new(Version {
            id,
            key: key.to_owned(),
            // Higher than all earlier numbers, including those of deleted versions.
            sequence: microseconds.max(state.sequence + 1),
            modified: now,
            object,
            upload_id,
            record,
        });
        self.disk.write_version(&version).map_err(internal)?;
        state.sequence = version.sequence;
        let versions = state.keys.entry(key.to_owned()).or_default();
        versions.push(Arc::clone(&version));
        drop_replaced(&self.disk, versions);
        Ok(version)
    }

    /// Removes the versions of `key` that match.
    fn remove(
        &self,
        state: &mut State,
        key: &str,
        matches: impl Fn(&Version) -> bool,
    ) -> S3Result<()> {
        let Some(versions) = state.keys.get_mut(key) else {
            return Ok(());
        };
        let (removed, kept): (Vec<_>, Vec<_>) =
            versions.drain(..).partition(|version| matches(version));
        *versions = kept;
        if versions.is_empty() {
            state.keys.remove(key);
        }
        removed
            .iter()
            .try_for_each(|version| self.disk.remove_version(version))
            .map_err(internal)
    }

    /// The lock is never held across code that can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Removes replaced versions: of several `null` versions, only the last one is kept.
fn drop_replaced(disk: &Disk, versions: &mut Vec<Arc<Version>>) {
    let Some(last) = versions.last().cloned() else {
        return;
    };
    if last.id != NULL_VERSION {
        return;
    }
    versions.retain(|version| {
        let is_replaced = version.id == last.id && version.record != last.record;
        if is_replaced {
            // After an error, the next start removes it.
            let _ = disk.remove_version(version);
        }
        !is_replaced
    });
}

#[cfg(test)]
mod tests;
