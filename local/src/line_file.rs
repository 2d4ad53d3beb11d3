//! Files of JSON lines that a running system writes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::Mutex,
};

use uuid::Uuid;

use crate::locks::lock;

/// A file with one JSON object a line.
#[derive(Debug)]
pub(crate) struct LineFile(Mutex<File>);

impl LineFile {
    /// Creates a file with a unique name in `directory`, which is created if it is missing.
    pub(crate) fn create_in(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(format!("{}.jsonl", Uuid::new_v4().simple()));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)?;
        Ok(Self(Mutex::new(file)))
    }

    /// Appends a line, which ends with a line break. One write per line, so that a killed system leaves complete lines.
    pub(crate) fn append(&self, line: &str) -> io::Result<()> {
        lock(&self.0).write_all(line.as_bytes())
    }
}
