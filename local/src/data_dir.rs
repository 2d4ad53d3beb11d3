//! The directory that keeps a system's data, locked while one runs.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;
use uuid::Uuid;

use crate::files;

/// Why the data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another system has it.
    #[error("{0} is in use by another local Cloakroom; stop it, or choose another --data-dir")]
    InUse(String),
    /// The operating system refuses.
    #[error("the data directory {path} cannot be used: {error}")]
    Io {
        /// The directory.
        path: String,
        /// Why.
        error: io::Error,
    },
}

const LOCK: &str = "lock";

/// A locked data directory. Dropping it unlocks it, and removes what must not stay.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    leftovers: Leftovers,
    _lock: File,
}

/// What is removed at the end.
#[derive(Debug)]
enum Leftovers {
    /// The directory holds data that the next start wants; only the addresses go.
    Addresses,
    /// The directory is somebody's, but this run keeps nothing in it.
    OwnFiles,
    /// The directory was made for this run.
    Everything,
}

impl DataDir {
    /// Locks the directory at `path`, and makes it if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        Self::lock(path, Leftovers::Addresses)
    }

    /// As [`DataDir::open`], for a system that leaves nothing behind.
    pub(crate) fn borrow(path: &Path) -> Result<Self, DataDirError> {
        Self::lock(path, Leftovers::OwnFiles)
    }

    /// Makes a directory that is gone with the value.
    pub(crate) fn temporary() -> Result<Self, DataDirError> {
        let name = format!("cloakroom-{}", Uuid::new_v4().simple());
        Self::lock(&std::env::temp_dir().join(name), Leftovers::Everything)
    }

    fn lock(path: &Path, leftovers: Leftovers) -> Result<Self, DataDirError> {
        let failed = |error| DataDirError::Io {
            path: path.display().to_string(),
            error,
        };
        files::create_private_dir(path).map_err(failed)?;
        let lock = File::create(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {
                let dir = Self {
                    // Whoever reads the addresses may be elsewhere.
                    path: fs::canonicalize(path).map_err(failed)?,
                    leftovers,
                    _lock: lock,
                };
                // A system that was killed leaves its addresses; nobody must take them for ours.
                let _ = fs::remove_file(dir.endpoints());
                dir.remove_ephemeral_objects();
                Ok(dir)
            }
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn remove_ephemeral_objects(&self) {
        if !matches!(self.leftovers, Leftovers::Addresses) {
            // What cannot be removed now is in nobody's way.
            let _ = fs::remove_dir_all(self.objects());
        }
    }

    /// The file that holds the addresses while the system runs.
    pub(crate) fn endpoints(&self) -> PathBuf {
        self.path.join("endpoints.json")
    }

    /// The file that keeps the operator's secret across restarts.
    pub(crate) fn secret_key(&self) -> PathBuf {
        self.path.join("secret-key")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }

    pub(crate) fn parameters(&self) -> PathBuf {
        self.path.join("parameters.json")
    }

    /// How far the streams of the tables are followed.
    pub(crate) fn streams(&self) -> PathBuf {
        self.path.join("streams.json")
    }

    pub(crate) fn outbox(&self) -> PathBuf {
        self.path.join("outbox.json")
    }

    /// The directory of the buckets; one that goes with the value unless the directory is to keep data.
    pub(crate) fn objects(&self) -> PathBuf {
        self.path.join(match self.leftovers {
            Leftovers::Addresses => "s3",
            Leftovers::OwnFiles | Leftovers::Everything => "s3.ephemeral",
        })
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        self.remove_ephemeral_objects();
        // What cannot be removed now is in nobody's way.
        let _ = match self.leftovers {
            Leftovers::Addresses => fs::remove_file(self.endpoints()),
            Leftovers::OwnFiles => fs::remove_file(self.endpoints())
                .and(fs::remove_file(self.path.join(LOCK)))
                // Only an empty one goes.
                .and(fs::remove_dir(&self.path)),
            Leftovers::Everything => fs::remove_dir_all(&self.path),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_systems_cannot_share_a_directory() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataDir::open(&path).unwrap();
        let second = DataDir::open(&path).unwrap_err().to_string();
        assert!(
            second.contains("is in use by another local Cloakroom"),
            "{second}"
        );
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn the_addresses_of_a_killed_system_are_forgotten() {
        let parent = tempfile::tempdir().unwrap();
        let stale = parent.path().join("endpoints.json");
        fs::write(&stale, "{}").unwrap();
        let _dir = DataDir::open(parent.path()).unwrap();
        assert!(!stale.exists());
    }

    #[test]
    fn only_the_addresses_go_with_a_persistent_system() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open(parent.path()).unwrap();
        let (endpoints, parameters) = (dir.endpoints(), dir.parameters());
        fs::write(&endpoints, "{}").unwrap();
        fs::write(&parameters, "{}").unwrap();
        drop(dir);
        assert!(!endpoints.exists());
        assert!(parameters.exists());
    }

    #[test]
    fn a_borrowed_directory_is_left_as_it_was() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::borrow(&parent.path().join("new")).unwrap();
        fs::write(dir.endpoints(), "{}").unwrap();
        drop(dir);
        assert!(!parent.path().join("new").exists());

        let dir = DataDir::borrow(parent.path()).unwrap();
        fs::write(dir.parameters(), "{}").unwrap();
        let (lock, parameters) = (dir.path().join(LOCK), dir.parameters());
        fs::write(dir.endpoints(), "{}").unwrap();
        drop(dir);
        assert!(parameters.exists());
        assert!(!lock.exists());
    }

    #[test]
    fn nothing_outlives_a_temporary_directory() {
        let dir = DataDir::temporary().unwrap();
        let path = dir.path().to_owned();
        fs::write(dir.parameters(), "{}").unwrap();
        drop(dir);
        assert!(!path.exists());
    }
}
