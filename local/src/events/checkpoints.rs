//! The checkpoints of the stream consumers.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::files;

/// The last processed sequence number of each consumer, by name. Clones share the same state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checkpoints(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    file: Option<PathBuf>,
    sequence_numbers: BTreeMap<String, String>,
}

impl Checkpoints {
    /// Reads the checkpoints in `file`. A missing file has none.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        let sequence_numbers = match fs::read(file) {
            Ok(contents) => serde_json::from_slice(&contents)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self(Arc::new(Mutex::new(State {
            file: Some(file.to_owned()),
            sequence_numbers,
        }))))
    }

    /// Returns the last processed sequence number of a consumer.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.lock().sequence_numbers.get(name).cloned()
    }

    /// Stores a checkpoint. If that fails, records are delivered again after the next start, as can happen on AWS.
    pub(crate) fn set(&self, name: &str, sequence_number: &str) -> io::Result<()> {
        let mut state = self.lock();
        state
            .sequence_numbers
            .insert(name.to_owned(), sequence_number.to_owned());
        match &state.file {
            Some(file) => {
                files::write_private(file, &serde_json::to_vec_pretty(&state.sequence_numbers)?)
            }
            None => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("streams.json");
        let checkpoints = Checkpoints::open(&file).unwrap();
        assert_eq!(checkpoints.get("mailer"), None);
        checkpoints.set("mailer", "7").unwrap();
        checkpoints.set("mailer", "8").unwrap();
        let again = Checkpoints::open(&file).unwrap();
        assert_eq!(again.get("mailer").as_deref(), Some("8"));
    }
}
