//! What a bucket holds: bytes in files, everything else in one small JSON file for each version,
//! and an index of those in memory. A file with a name is complete: records are renamed into
//! place, and bytes count only once a record names them.

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

use domain::Clock;
use s3s::{S3Result, s3_error};
use sam_template::Bucket;
use time::OffsetDateTime;
use uuid::Uuid;

#[cfg(test)]
use self::version::Segment;
pub(crate) use self::version::{
    About, Lock, Mode, NULL_VERSION, Object, Part, Retention, Upload, Version,
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
    disk: Disk,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: Keys,
    uploads: BTreeMap<String, Upload>,
    /// The last one given out.
    sequence: u64,
}

/// What became of a deletion.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    pub(crate) version_id: Option<String>,
    pub(crate) is_marker: bool,
}

impl Store {
    /// Opens the bucket in `directory`, and makes it if it is missing.
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
            disk,
            clock,
            state: Mutex::new(state),
        })
    }

    /// The directory of bytes.
    pub(crate) fn data(&self) -> &Path {
        self.disk.data()
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// The version `id`, or the current one; the latter may be a delete marker.
    pub(crate) fn version(&self, key: &str, id: Option<&str>) -> Option<Arc<Version>> {
        let state = self.lock();
        let versions = state.keys.get(key)?;
        match id {
            None => versions.last().cloned(),
            Some(id) => versions.iter().find(|version| version.id == id).cloned(),
        }
    }

    /// Calls `read` with all there is.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Keys) -> T) -> T {
        read(&self.lock().keys)
    }

    /// Makes `object` the current version of `key`, if `condition` holds.
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

    /// Deletes the current version of `key`: in a bucket with versions it only hides it.
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

    /// Deletes the version `id` for good.
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

    /// Changes the lock of a version that is there.
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
        condition.check(current.and_then(|version| version.object.as_ref()))?;
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
            // Above all that ever were, also of versions that are gone since.
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

    /// Removes the versions of `key` that `is_meant`.
    fn remove(
        &self,
        state: &mut State,
        key: &str,
        is_meant: impl Fn(&Version) -> bool,
    ) -> S3Result<()> {
        let Some(versions) = state.keys.get_mut(key) else {
            return Ok(());
        };
        let (gone, left): (Vec<_>, Vec<_>) =
            versions.drain(..).partition(|version| is_meant(version));
        *versions = left;
        if versions.is_empty() {
            state.keys.remove(key);
        }
        gone.iter()
            .try_for_each(|version| self.disk.remove_version(version))
            .map_err(internal)
    }

    /// No lock is held across anything that can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Of versions with one id, which only the `null` version can be, the last one counts.
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
            // What stays on disk is replaced again at the next start.
            let _ = disk.remove_version(version);
        }
        !is_replaced
    });
}

#[cfg(test)]
mod tests;
