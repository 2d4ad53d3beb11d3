//! The files of a bucket: `versions/<record>.json`, `uploads/<id>/upload.json`,
//! `uploads/<id>/<part number>.json` and `data/<file>`. Object keys are never part of a path.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Keys,
    version::{Part, Segment, Upload, Version},
};
use crate::files;

const UPLOAD: &str = "upload.json";

/// The directories of a bucket.
#[derive(Debug)]
pub(crate) struct Disk {
    versions: PathBuf,
    uploads: PathBuf,
    data: PathBuf,
}

impl Disk {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let [versions, uploads, data] =
            ["versions", "uploads", "data"].map(|name| directory.join(name));
        for path in [&versions, &uploads, &data] {
            files::create_private_dir(path)?;
        }
        Ok(Self {
            versions,
            uploads,
            data,
        })
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn versions(&self) -> io::Result<Vec<Version>> {
        read_all(&self.versions)
    }

    pub(crate) fn uploads(&self) -> io::Result<BTreeMap<String, Upload>> {
        let mut uploads = BTreeMap::new();
        for entry in fs::read_dir(&self.uploads)? {
            let path = entry?.path();
            let Ok(contents) = fs::read(path.join(UPLOAD)) else {
                // Creating or removing it was interrupted.
                fs::remove_dir_all(&path)?;
                continue;
            };
            let mut upload: Upload = serde_json::from_slice(&contents)?;
            for part in read_all::<PartFile>(&path)? {
                if let PartFile::Part(part) = part {
                    upload.parts.insert(part.number, *part);
                }
            }
            uploads.insert(upload.id.clone(), upload);
        }
        Ok(uploads)
    }

    /// Removes data files without a record, which remain when the system is killed while writing.
    pub(crate) fn sweep(&self, keys: &Keys, uploads: &BTreeMap<String, Upload>) -> io::Result<()> {
        let versions = keys.values().flatten();
        let of_objects = versions
            .filter_map(|version| version.object.as_ref())
            .flat_map(|object| &object.segments);
        let parts = uploads.values().flat_map(|upload| upload.parts.values());
        let used: HashSet<_> = of_objects
            .chain(parts.map(|part| &part.segment))
            .map(|segment| segment.file.as_str())
            .collect();
        for entry in fs::read_dir(&self.data)? {
            let entry = entry?;
            if !used.contains(entry.file_name().to_string_lossy().as_ref()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    pub(crate) fn write_version(&self, version: &Version) -> io::Result<()> {
        write(&self.version(version), version)
    }

    /// Removes a version's record, then its data files.
    pub(crate) fn remove_version(&self, version: &Version) -> io::Result<()> {
        fs::remove_file(self.version(version))?;
        if let Some(object) = &version.object {
            self.remove_data(object.segments.iter());
        }
        Ok(())
    }

    /// Removes data files that no record refers to.
    pub(crate) fn remove_data<'a>(&self, segments: impl Iterator<Item = &'a Segment>) {
        for segment in segments {
            // After an error, the next start removes the file.
            let _ = fs::remove_file(self.data.join(&segment.file));
        }
    }

    pub(crate) fn write_upload(&self, upload: &Upload) -> io::Result<()> {
        let directory = self.uploads.join(&upload.id);
        files::create_private_dir(&directory)?;
        write(&directory.join(UPLOAD), upload)
    }

    pub(crate) fn write_part(&self, upload: &Upload, part: &Part) -> io::Result<()> {
        let name = format!("{}.json", part.number);
        write(&self.uploads.join(&upload.id).join(name), part)
    }

    pub(crate) fn remove_upload(&self, upload: &Upload) -> io::Result<()> {
        let directory = self.uploads.join(&upload.id);
        // Without this file, the rest of the directory counts as leftovers.
        fs::remove_file(directory.join(UPLOAD))?;
        fs::remove_dir_all(directory)
    }

    fn version(&self, version: &Version) -> PathBuf {
        self.versions.join(format!("{}.json", version.record))
    }
}

/// A file in an upload's directory.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum PartFile {
    Part(Box<Part>),
    Upload(serde::de::IgnoredAny),
}

/// Reads the records in `directory` and removes incomplete files.
fn read_all<T: DeserializeOwned>(directory: &Path) -> io::Result<Vec<T>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            found.push(serde_json::from_slice(&fs::read(&path)?)?);
        } else {
            fs::remove_file(&path)?;
        }
    }
    Ok(found)
}

/// Writes a record atomically, without `fsync`: a killed process loses nothing, a power failure may lose the last
/// writes.
fn write(path: &Path, record: &impl Serialize) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = files::create_private(&temporary)?;
    file.write_all(&serde_json::to_vec(record)?)?;
    fs::rename(&temporary, path)
}
