//! The data directory of a system, which is locked while the system runs.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use thiserror::Error;
use uuid::Uuid;

use crate::files;

/// How long to wait for the lock of a directory. A process that is just being started holds a copy of the lock of a stopped
/// system until it runs its own program.
const LOCK_LIMIT: Duration = Duration::from_millis(500);
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Why the data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another system uses it.
    #[error("{0} is in use by another local system; stop it, or choose another --data-dir")]
    InUse(String),
    /// The operating system reports an error.
    #[error("the data directory {path} cannot be used: {error}")]
    Io {
        /// The directory.
        path: String,
        /// The cause.
        error: io::Error,
    },
}

const LOCK: &str = "lock";

/// A locked data directory. Dropping it unlocks it and removes temporary files.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    cleanup: Cleanup,
    _lock: File,
}

/// What is removed when the system stops.
#[derive(Debug)]
enum Cleanup {
    /// Only `endpoints.json`: the data is kept for the next start.
    Endpoints,
    /// The files of this run, in a directory that the caller chose.
    OwnFiles,
    /// The whole directory, which was created for this run.
    Everything,
}

impl DataDir {
    /// Locks the directory at `path`, and creates it if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        Self::lock(path, Cleanup::Endpoints)
    }

    /// Locks the directory at `path` for an ephemeral system, which removes its files at the end.
    pub(crate) fn open_ephemeral(path: &Path) -> Result<Self, DataDirError> {
        Self::lock(path, Cleanup::OwnFiles)
    }

    /// Creates a temporary directory, which is removed when the value is dropped.
    pub(crate) fn temporary() -> Result<Self, DataDirError> {
        let name = format!("local-system-{}", Uuid::new_v4().simple());
        Self::lock(&std::env::temp_dir().join(name), Cleanup::Everything)
    }

    fn lock(path: &Path, cleanup: Cleanup) -> Result<Self, DataDirError> {
        let failed = |error| DataDirError::Io {
            path: path.display().to_string(),
            error,
        };
        files::create_private_dir(path).map_err(failed)?;
        let lock = File::create(path.join(LOCK)).map_err(failed)?;
        match lock_soon(&lock) {
            Ok(()) => {
                let dir = Self {
                    // Absolute, because readers of the path may have another working directory.
                    path: fs::canonicalize(path).map_err(failed)?,
                    cleanup,
                    _lock: lock,
                };
                // A killed system leaves its endpoints file, which is no longer valid.
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
        if !matches!(self.cleanup, Cleanup::Endpoints) {
            // An error is ignored: leftover files do no harm.
            let _ = fs::remove_dir_all(self.objects());
        }
    }

    /// The file with the endpoints, which exists while the system runs.
    pub(crate) fn endpoints(&self) -> PathBuf {
        self.path.join("endpoints.json")
    }

    /// The file with the operator's secret.
    pub(crate) fn secret_key(&self) -> PathBuf {
        self.path.join("secret-key")
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }

    /// The folder of the items of replaced tables.
    pub(crate) fn replaced_tables(&self) -> PathBuf {
        self.path.join("replaced-tables")
    }

    /// The file with the SSM parameters.
    pub(crate) fn parameters(&self) -> PathBuf {
        self.path.join("parameters.json")
    }

    /// The file with the checkpoints of the stream consumers.
    pub(crate) fn streams(&self) -> PathBuf {
        self.path.join("streams.json")
    }

    /// The database of the queues' messages.
    pub(crate) fn queues(&self) -> PathBuf {
        self.path.join("sqs.sqlite")
    }

    /// The file with the sent e-mails.
    pub(crate) fn outbox(&self) -> PathBuf {
        self.path.join("outbox.json")
    }

    /// The file with the objects of the payment stand-in.
    pub(crate) fn payments(&self) -> PathBuf {
        self.path.join("payments.json")
    }

    /// The directory of the buckets. An ephemeral system uses a separate one, which is removed at the end.
    pub(crate) fn objects(&self) -> PathBuf {
        self.path.join(match self.cleanup {
            Cleanup::Endpoints => "s3",
            Cleanup::OwnFiles | Cleanup::Everything => "s3.ephemeral",
        })
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        self.remove_ephemeral_objects();
        // An error is ignored: leftover files do no harm.
        let _ = match self.cleanup {
            Cleanup::Endpoints => fs::remove_file(self.endpoints()),
            Cleanup::OwnFiles => fs::remove_file(self.endpoints())
                .and(fs::remove_file(self.path.join(LOCK)))
                // Removes the directory only if it is empty.
                .and(fs::remove_dir(&self.path)),
            Cleanup::Everything => fs::remove_dir_all(&self.path),
        };
    }
}

fn lock_soon(lock: &File) -> Result<(), TryLockError> {
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_LIMIT => {
                std::thread::sleep(LOCK_PAUSE);
            }
            result => return result,
        }
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
            second.contains("is in use by another local system"),
            "{second}"
        );
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn the_endpoints_of_a_killed_system_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let stale = parent.path().join("endpoints.json");
        fs::write(&stale, "{}").unwrap();
        let _dir = DataDir::open(parent.path()).unwrap();
        assert!(!stale.exists());
    }

    #[test]
    fn a_persistent_system_removes_only_its_endpoints() {
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
    fn an_ephemeral_system_removes_its_files_from_a_given_directory() {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::open_ephemeral(&parent.path().join("new")).unwrap();
        fs::write(dir.endpoints(), "{}").unwrap();
        drop(dir);
        assert!(!parent.path().join("new").exists());

        let dir = DataDir::open_ephemeral(parent.path()).unwrap();
        fs::write(dir.parameters(), "{}").unwrap();
        let (lock, parameters) = (dir.path().join(LOCK), dir.parameters());
        fs::write(dir.endpoints(), "{}").unwrap();
        drop(dir);
        assert!(parameters.exists());
        assert!(!lock.exists());
    }

    #[test]
    fn a_temporary_directory_is_removed() {
        let dir = DataDir::temporary().unwrap();
        let path = dir.path().to_owned();
        fs::write(dir.parameters(), "{}").unwrap();
        drop(dir);
        assert!(!path.exists());
    }
}
