//! How far each follower of a stream has got.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::files;

/// The last sequence number that is done with, by the name of the follower. Clones are of the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checkpoints(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    file: Option<PathBuf>,
    reached: BTreeMap<String, String>,
}

impl Checkpoints {
    /// Those in `file`, none when there is no such file yet.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        let reached = match fs::read(file) {
            Ok(contents) => serde_json::from_slice(&contents)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self(Arc::new(Mutex::new(Kept {
            file: Some(file.to_owned()),
            reached,
        }))))
    }

    pub(crate) fn reached(&self, name: &str) -> Option<String> {
        self.kept().reached.get(name).cloned()
    }

    /// What is lost when it cannot be written is done again after the next start, which a follower has to bear anyway.
    pub(crate) fn reach(&self, name: &str, sequence_number: &str) -> io::Result<()> {
        let mut kept = self.kept();
        kept.reached
            .insert(name.to_owned(), sequence_number.to_owned());
        match &kept.file {
            Some(file) => files::write_private(file, &serde_json::to_vec_pretty(&kept.reached)?),
            None => Ok(()),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_is_known_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("streams.json");
        let checkpoints = Checkpoints::open(&file).unwrap();
        assert_eq!(checkpoints.reached("mailer"), None);
        checkpoints.reach("mailer", "7").unwrap();
        checkpoints.reach("mailer", "8").unwrap();
        let again = Checkpoints::open(&file).unwrap();
        assert_eq!(again.reached("mailer").as_deref(), Some("8"));
    }
}
