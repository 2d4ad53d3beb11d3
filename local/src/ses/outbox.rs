//! The mail that was sent, and the file that keeps it.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::files;

/// The oldest mail beyond this many is forgotten.
const KEPT: usize = 500;

/// A mail as it was sent.
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

/// The mail that was sent, oldest first. Clones are of the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    file: Option<PathBuf>,
    mails: VecDeque<Mail>,
}

impl Outbox {
    /// The mail in `file`, none when there is no such file yet.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        let mails = match fs::read(file) {
            Ok(contents) => serde_json::from_slice(&contents)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => VecDeque::new(),
            Err(error) => return Err(error),
        };
        Ok(Self(Arc::new(Mutex::new(Kept {
            file: Some(file.to_owned()),
            mails,
        }))))
    }

    /// Keeps a mail. It is not sent unless the file was written.
    pub(crate) fn add(&self, mail: Mail) -> io::Result<()> {
        let mut kept = self.kept();
        let mut mails = kept.mails.clone();
        mails.push_back(mail);
        while mails.len() > KEPT {
            mails.pop_front();
        }
        if let Some(file) = &kept.file {
            files::write_private(file, &serde_json::to_vec_pretty(&mails)?)?;
        }
        kept.mails = mails;
        Ok(())
    }

    /// All of it, newest first.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.kept().mails.iter().rev().cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
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
    fn mail_survives_a_restart_and_does_not_pile_up() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("outbox.json");
        let outbox = Outbox::open(&file).unwrap();
        for id in 0..=KEPT {
            outbox.add(mail(id)).unwrap();
        }
        let mails = Outbox::open(&file).unwrap().mails();
        assert_eq!(mails.len(), KEPT);
        assert_eq!(mails.first(), Some(&mail(KEPT)));
        assert_eq!(mails.last(), Some(&mail(1)));
    }
}
