//! The files that the command carries (build.rs): those of a project, and in a release the functions for Lambda.

use std::{
    io::{self, Read},
    path::PathBuf,
};

/// The template, the configuration of its deployment, and the page.
const PROJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/project.tar"));
/// `functions/{name}/bootstrap` of each function. Empty in a command that was built without `CLOAKROOM_FUNCTIONS`.
const FUNCTIONS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/functions.tar.xz"));

/// A file of a project.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    /// The path in the project's folder.
    pub path: PathBuf,
    pub contents: Vec<u8>,
    pub is_executable: bool,
}

/// The template, the configuration of its deployment, and the page.
///
/// # Errors
/// When the archive in this executable is damaged.
pub fn project() -> io::Result<Vec<File>> {
    unpack(PROJECT)
}

/// The functions for Lambda; none if this command carries none.
///
/// # Errors
/// When the archive in this executable is damaged.
pub fn functions() -> io::Result<Vec<File>> {
    if FUNCTIONS.is_empty() {
        return Ok(Vec::new());
    }
    unpack(lzma_rust2::XzReader::new(FUNCTIONS, false))
}

fn unpack(archive: impl Read) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let mut contents = Vec::new();
        entry.read_to_end(&mut contents)?;
        files.push(File {
            path: entry.path()?.into_owned(),
            contents,
            is_executable: entry.header().mode()? & 0o100 != 0,
        });
    }
    Ok(files)
}
