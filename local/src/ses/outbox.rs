//! The sent e-mails and their file.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::files;

/// The maximum number of stored e-mails. Older ones are deleted.
const MAX_MAILS: usize = 500;

/// A sent e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mail {
    pub(crate) id: String,
    /// RFC 3339.
    pub(crate) sent_at: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// The sent e-mails, oldest first. Clones share the same state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    file: Option<PathBuf>,
    mails: VecDeque<Mail>,
}

impl Outbox {
    /// Reads the e-mails in `file`. A missing file has none.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        let mails = match fs::read(file) {
            Ok(contents) => serde_json::from_slice(&contents)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => VecDeque::new(),
            Err(error) => return Err(error),
        };
        Ok(Self(Arc::new(Mutex::new(State {
            file: Some(file.to_owned()),
            mails,
        }))))
    }

    /// Stores an e-mail. It counts as sent only if the file was written.
    pub(crate) fn add(&self, mail: Mail) -> io::Result<()> {
        let mut state = self.lock();
        let mut mails = state.mails.clone();
        mails.push_back(mail);
        while mails.len() > MAX_MAILS {
            mails.pop_front();
        }
        if let Some(file) = &state.file {
            files::write_private(file, &serde_json::to_vec_pretty(&mails)?)?;
        }
        state.mails = mails;
        Ok(())
    }

    /// Lists the e-mails, newest first.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.lock().mails.iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn mail(id: usize) -> Mail {
        Mail {
            id: id.to_string(),
            sent_at: "2026-01-02T03:04:05Z".to_owned(),
            from: "app@example.com".to_owned(),
            to: vec!["ada@example.com".to_owned()],
            subject: "Hello".to_owned(),
            text: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        }
    }

    #[test]
    fn mails_survive_a_restart_and_old_ones_are_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("outbox.json");
        let outbox = Outbox::open(&file).unwrap();
        for id in 0..=MAX_MAILS {
            outbox.add(mail(id)).unwrap();
        }
        let mails = Outbox::open(&file).unwrap().mails();
        assert_eq!(mails.len(), MAX_MAILS);
        assert_eq!(mails.first(), Some(&mail(MAX_MAILS)));
        assert_eq!(mails.last(), Some(&mail(1)));
    }
}
